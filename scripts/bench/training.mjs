/** LeNet training, batch 64: seconds an epoch of 60 000 pictures, scaled from the steps of a round. */
import { crossEntropy } from '../../dist/autodiff/index.js';
import { bindBatch, float32, inferShapes } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { halving, networks, train } from '../../dist/training/index.js';
import { race, stopwatch } from './measure.mjs';

const batch = 64;
const steps = 200;
const stepsAnEpoch = Math.floor(60_000 / batch);

export async function training({ engine, torch, rounds, busy }) {
  const random = createRandom(1);
  const network = await inferShapes(bindBatch(networks.lenet.build(10, random), batch), engine);
  const rows = steps * batch;
  const inputs = {
    dtype: 'uint8',
    shape: [rows, 1, 28, 28],
    data: new Uint8Array(rows * 784).map(() => random.int(256)),
  };
  const targets = float32(new Float32Array(rows * 10), [rows, 10]);
  for (let i = 0; i < rows; i++) targets.data[i * 10 + random.int(10)] = 1;
  if (torch) await torch.ask({ do: 'train-open', rows, batch });

  const times = { ours: [], rival: torch && [] };
  let read;
  await train(
    engine,
    {
      network,
      tables: {
        input: {
          dtype: 'uint8',
          rowShape: [1, 28, 28],
          // Bytes become numbers in the step, as in `cutline train`; PyTorch is given floats.
          prepare: (g, bytes) => g.sub(g.mul(g.graph.op('Cast', [bytes], { to: 1 }), 1 / 127.5), 1),
        },
        target: { dtype: 'float32', rowShape: [10] },
      },
      loss: (g, logits, batchOf) => crossEntropy(g, logits, batchOf('target')),
    },
    async () => {
      read = stopwatch();
      return { rows: inputs.shape[0], blocks: [{ input: inputs, target: targets }] };
    },
    {
      epochs: rounds + 1,
      learningRate: halving(1e-3, 100),
      random,
      // The first round of both warms up.
      afterEpoch: async (epoch) => {
        const ours = read();
        const rival = torch && (await torch.ask({ do: 'train' }));
        if (epoch === 0) return false;
        times.ours.push(ours);
        times.rival?.push(rival);
        return false;
      },
    },
  );
  const of = (s) => (s * stepsAnEpoch) / steps;
  const row = race(`LeNet, batch ${batch}`, times, { unit: 's/epoch', of, rival: torch?.name, target: 1 / 1.5, busy });
  return {
    title: 'Training',
    rows: [row],
    notes: [`scaled from ${steps} of ${stepsAnEpoch} steps a round; target: at most 1.5 × PyTorch's seconds, aim 1`],
  };
}

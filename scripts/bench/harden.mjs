/**
 * Training of a learned code: 256 bits at pool2 of CIFAR10CNN behind a frozen head, batch 64, with and without a decoder that learns
 * along; seconds an epoch of 20 000 pictures, scaled from the steps of a round.
 */
import { bindBatch, findCuts, float32, inferShapes, split, toHalves } from '../../dist/model/index.js';
import { createRandom } from '../../dist/random.js';
import { tables, trainingNetwork } from '../../dist/training/harden/network.js';
import { codeShape } from '../../dist/training/harden/shape.js';
import { tunableWeights } from '../../dist/training/harden/tunable.js';
import { halving, networks, train } from '../../dist/training/index.js';
import { race, stopwatch } from './measure.mjs';

const [batch, steps] = [64, 20];
const stepsAnEpoch = Math.floor(20_000 / batch);
const picture = { channels: 3, height: 32, width: 32 };

export async function harden({ engine, torch, rounds, busy }) {
  const rows = [];
  for (const [name, decoder] of [
    ['code of 256 bits', 0],
    ['code of 256 bits, adversary', 1.5],
  ])
    rows.push(await raced(name, decoder, { engine, torch, rounds, busy }));
  return {
    title: 'Training of codes',
    rows,
    notes: [
      `scaled from ${steps} of ${stepsAnEpoch} steps a round; target: 0.8 of PyTorch's steps a second. The adversary of ours looks twice at each code, the rival's once.`,
    ],
  };
}

async function raced(name, decoder, { engine, torch, rounds, busy }) {
  const random = createRandom(1);
  const whole = await inferShapes(bindBatch(networks.cifar10cnn.build(10, random), batch), engine);
  const cut = findCuts(whole).find((c) => c.id === 'pool2');
  const { tail } = split(whole, cut);
  const code = codeShape('pool2', [128, 8, 8], { height: 32, width: 32, layout: 'NCHW' }, [256], 4);
  const ones = new Float32Array(128).fill(1);
  const network = await inferShapes(
    trainingNetwork({
      batch,
      tail: await inferShapes(tail, engine),
      code,
      scale: { mean: new Float32Array(128), deviation: ones },
      size: { width: 96, blocks: 0 },
      answer: { kind: 'classes', outputs: [{ name: tail.outputs[0].name, variance: 1, shares: false }] },
      adversary: { decoder, entropy: 0, correlation: 0, reidentification: 0 },
      labelWeight: 0,
      featureWeight: 0,
      picture,
      floor: 0.1,
      random,
    }),
    engine,
  );
  const ofTail = tunableWeights(tail);
  const isTrained = (n) => ofTail.has(n) || /^(code|adversary)\..*\.(weight|bias)$/.test(n);
  const count = steps * batch;
  const uniform = (size) => Float32Array.from({ length: size }, () => random.uniform());
  const made = {
    pool2: { dtype: 'float16', shape: [count, 128, 8, 8], data: toHalves(uniform(count * 8192)) },
    [tables.mask]: float32(new Float32Array(count * code.channels).fill(1), [count, code.channels]),
    [tables.teacher(tail.outputs[0].name)]: float32(uniform(count * 10), [count, 10]),
    [tables.picture]: {
      dtype: 'uint8',
      shape: [count, 3, 32, 32],
      data: new Uint8Array(count * 3072).map(() => random.int(256)),
    },
    [tables.reversal]: float32(new Float32Array(count).fill(decoder), [count, 1]),
  };
  const own = Object.fromEntries(network.inputs.map((v) => [v.name, made[v.name]]));
  const asFloats = (g, halves) => g.graph.op('Cast', [halves], { to: 1 });
  if (torch) await torch.ask({ do: 'harden-open', rows: count, batch, adversary: decoder });
  const times = { ours: [], rival: torch && [] };
  let read;
  await train(
    engine,
    {
      network,
      frozen: new Set([...network.initializers.keys()].filter((n) => !isTrained(n))),
      tables: Object.fromEntries(
        network.inputs.map((v) => {
          const { dtype, shape } = own[v.name];
          return [v.name, { dtype, rowShape: shape.slice(1), ...(dtype === 'float16' && { prepare: asFloats }) }];
        }),
      ),
      adam: { epsilon: 1e-7, amsgrad: false },
    },
    async () => {
      read = stopwatch();
      return { rows: count, blocks: [own] };
    },
    {
      epochs: rounds + 1,
      learningRate: halving(1e-3, 100),
      random,
      // The first round of both warms up.
      afterEpoch: async (epoch) => {
        const ours = read();
        const rival = torch && (await torch.ask({ do: 'harden' }));
        if (epoch === 0) return false;
        times.ours.push(ours);
        times.rival?.push(rival);
        return false;
      },
    },
  );
  const of = (s) => (s * stepsAnEpoch) / steps;
  return race(name, times, { unit: 's/epoch', of, rival: torch?.name, target: 0.8, busy });
}

/** A whole training beside the same training written with loops: which rows, which rate, which moments. */
import { afterAll, describe, expect, it } from 'vitest';
import { meanSquaredError } from '../../src/autodiff/index.ts';
import { createEngine } from '../../src/engine/index.ts';
import { asFloat32, float32, type Graph, GraphBuilder, inferShapes, type Tensor } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { type Epoch, train } from '../../src/training/fit.ts';
import { halving } from '../../src/training/schedule.ts';
import type { StepSpec } from '../../src/training/step.ts';
import { difference } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const [batch, inputs, outputs, rows] = [4, 3, 2, 14];
const random = createRandom(5);
const table = randomTensor([rows, inputs], random);
const targets = randomTensor([rows, outputs], random);
const weight = randomTensor([inputs, outputs], random);

async function linear(): Promise<Graph> {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [batch, inputs]);
  b.output(b.op('MatMul', ['x', b.initializer(weight, 'w')], {}, 'y'));
  return inferShapes(b.build('linear'), engine);
}

const spec = async () =>
  ({
    network: await linear(),
    tables: {
      x: { dtype: 'float32', rowShape: [inputs] },
      target: { dtype: 'float32', rowShape: [outputs] },
    },
    loss: (g, output, batchOf, shape) => meanSquaredError(g, output, batchOf('target'), shape),
  }) satisfies StepSpec;

/** An epoch of one block, or of several. */
const epochOf = (x: Tensor, target: Tensor) => async (): Promise<Epoch> => ({ rows, blocks: [{ x, target }] });

/** Adam with AMSGrad, ε 1e-3, on mean squared error; rates halve every `halveEvery` epochs. */
function obvious(epochs: number, rate: number, halveEvery: number, seed: number) {
  const [x, t] = [asFloat32(table), asFloat32(targets)];
  const w = Float64Array.from(asFloat32(weight));
  const [m, v, most] = [w, w, w].map((a) => new Float64Array(a.length)) as [Float64Array, Float64Array, Float64Array];
  let step = 0;
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = createRandom(seed).fork(`order ${epoch}`).permutation(rows);
    const steps = Math.floor(rows / batch);
    let sum = 0;
    for (let s = 0; s < steps; s++) {
      step++;
      const gradient = new Float64Array(w.length);
      for (const r of order.subarray(s * batch, (s + 1) * batch)) {
        for (let o = 0; o < outputs; o++) {
          let y = 0;
          for (let i = 0; i < inputs; i++) y += x[r * inputs + i]! * w[i * outputs + o]!;
          const error = y - t[r * outputs + o]!;
          sum += error ** 2 / outputs / batch / steps;
          for (let i = 0; i < inputs; i++) {
            gradient[i * outputs + o]! += (2 * error * x[r * inputs + i]!) / outputs / batch;
          }
        }
      }
      const current = rate / 2 ** Math.floor(epoch / halveEvery);
      for (let k = 0; k < w.length; k++) {
        m[k] = 0.9 * m[k]! + 0.1 * gradient[k]!;
        v[k] = 0.999 * v[k]! + 0.001 * gradient[k]! ** 2;
        most[k] = Math.max(most[k]!, v[k]!);
        const denominator = Math.sqrt(most[k]!) / Math.sqrt(1 - 0.999 ** step) + 1e-3;
        w[k]! -= ((current / (1 - 0.9 ** step)) * m[k]!) / denominator;
      }
    }
    losses.push(sum);
  }
  return { w: [...w], losses };
}

describe('training', () => {
  it('does what Adam, shuffled batches and a halving rate say, epoch by epoch', async () => {
    const seen: number[][] = [];
    const result = await train(engine, await spec(), epochOf(table, targets), {
      epochs: 5,
      learningRate: halving(0.05, 2),
      random: createRandom(9),
      afterEpoch: async (_, network) => {
        seen.push([...asFloat32(network.initializers.get('w'))]);
        return false;
      },
    });
    const expected = obvious(5, 0.05, 2, 9);
    expect(difference(asFloat32(result.network.initializers.get('w')) as unknown as number[], expected.w)).toBeLessThan(
      1e-4,
    );
    expect(difference([...result.losses], expected.losses)).toBeLessThan(1e-4);
    expect(difference(seen[1]!, obvious(2, 0.05, 2, 9).w)).toBeLessThan(1e-4);
  });

  it('ends when the caller has seen enough', async () => {
    const { losses } = await train(engine, await spec(), epochOf(table, targets), {
      epochs: 50,
      learningRate: halving(0.01, 20),
      random: createRandom(9),
      afterEpoch: async (epoch) => epoch === 1,
    });
    expect(losses).toHaveLength(2);
  });

  it('refuses to go on with a loss that is no number', async () => {
    const bad = float32(Float32Array.from(asFloat32(targets)).fill(Number.NaN, 0, 1), targets.shape);
    const run = train(engine, await spec(), epochOf(table, bad), {
      epochs: 20,
      learningRate: halving(0.01, 20),
      random: createRandom(9),
    });
    await expect(run).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' });
  });
});

describe('a training that teaches nothing', () => {
  const options = { epochs: 40, learningRate: halving(1e-3, 10), random: createRandom(1), mustFall: true };

  it('is an error where the loss hangs on no weight', async () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [batch, inputs]);
    const none = b.op('Mul', [b.op('MatMul', ['x', b.initializer(weight, 'w')]), b.constant(0)]);
    b.output(b.op('ReduceSum', [none, b.constant([1], 'int64')], { keepdims: 0 }, 'y'));
    const network = await inferShapes(b.build('blind'), engine);
    const { x } = (await spec()).tables;
    const frozen = new Set([...network.initializers.keys()].filter((name) => name !== 'w'));
    const epoch = async () => ({ rows, blocks: [{ x: table }] });
    const failing = train(engine, { network, frozen, tables: { x } }, epoch, options);
    await expect(failing).rejects.toMatchObject({
      code: 'TRAINING_STALLED',
      message: expect.stringMatching(/no weight has moved/),
    });
  });

  it('is an error where the loss never falls, if it has to', async () => {
    // Rates below zero climb.
    const climbing = { ...options, learningRate: () => -0.05 };
    const run = (over: object) => train(engine, { ...spec0 }, epochOf(table, targets), { ...climbing, ...over });
    const spec0 = await spec();
    await expect(run({})).rejects.toMatchObject({ code: 'TRAINING_STALLED' });
    expect((await run({ mustFall: false })).losses).toHaveLength(40);
    // A few steps tell nothing.
    expect((await run({ epochs: 3 })).losses).toHaveLength(3);
  });
});

/** First layers that an attacker solves for instead of training. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import { asFloat32, bindBatch, float32, type Graph, GraphBuilder, inferShapes } from '../../../src/model/index.ts';
import { linearHead } from '../../../src/privacy/attacks/head/linear.ts';
import type { Pairs } from '../../../src/privacy/attacks/pairs.ts';
import { createRandom } from '../../../src/random.ts';
import { runGraph } from '../../model/support.ts';
import { randomTensor } from '../../support/networks.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

interface Picture {
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

const pictureOf = ({ channels, ...size }: Picture) => ({
  ...size,
  channels,
  mean: Array<number>(channels).fill(0.5),
  std: Array<number>(channels).fill(0.5),
});
const nchw = (channels: 1 | 3, height: number, width = height): Picture => ({
  layout: 'NCHW',
  channels,
  height,
  width,
});

interface Conv {
  readonly kernel: number;
  readonly stride?: number;
  readonly pad?: number;
  readonly outputs?: number;
}

/** A convolution and what follows it; batch symbolic. */
function head(
  picture: Picture,
  { kernel, stride = 1, pad = 0, outputs = 4 }: Conv,
  then: readonly string[] = [],
): Graph {
  const b = new GraphBuilder(17);
  const random = createRandom(kernel + 10 * stride);
  const { layout, channels, height, width } = picture;
  b.input('input', 'float32', ['n', ...(layout === 'NCHW' ? [channels, height, width] : [height, width, channels])]);
  let x = layout === 'NCHW' ? 'input' : b.op('Transpose', ['input'], { perm: [0, 3, 1, 2] });
  const weight = b.initializer(randomTensor([outputs, channels, kernel, kernel], random, 0.4), 'weight');
  const bias = b.initializer(randomTensor([outputs], random, 0.4), 'bias');
  const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] };
  x = b.op('Conv', [x, weight, bias], attributes);
  for (const op of then) {
    if (op === 'Relu6') x = b.op('Clip', [x, b.constant(0), b.constant(0.7)]);
    else if (op === 'last') x = b.op('Transpose', [x], { perm: [0, 2, 3, 1] });
    else if (op === 'tokens') {
      const list = b.op('Reshape', [x, b.constant([0, outputs, -1], 'int64')]);
      x = b.op('Transpose', [list], { perm: [0, 2, 1] });
    } else if (op === 'Conv') {
      const second = b.initializer(randomTensor([outputs, outputs, 3, 3], random, 0.4));
      x = b.op('Conv', [x, second], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    } else x = b.op(op, [x]);
  }
  b.op('Identity', [x], {}, 'cut');
  b.output('cut');
  return b.build();
}

/** Questions to a device that has this head: pictures of uniform noise. */
async function device(graph: Graph, picture: Picture, count: number, noise = 0) {
  const { layout, channels, height, width } = picture;
  const row = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  const random = createRandom(3);
  const answer = async (indices: ArrayLike<number>) => {
    const rows = Array.from(indices, (i) => asFloat32(randomTensor([1, ...row], random.fork(i))));
    const data = new Float32Array(rows.flatMap((r) => [...r]));
    const inputs = float32(data, [rows.length, ...row]);
    const { cut } = await runGraph(engine, await inferShapes(bindBatch(graph, rows.length), engine), { input: inputs });
    const noisy = asFloat32(cut).map((v, i) => v + noise * random.fork(`noise ${indices[0]} ${i}`).normal());
    return { inputs, features: { cut: noise > 0 ? { ...cut!, data: noisy } : cut! } };
  };
  const pairs: Pairs = { count, rows: answer };
  const { features } = await answer([0]);
  return { pairs, tensor: { name: 'cut', shape: features.cut.shape.slice(1) } };
}

/** Largest error of a head that was solved for on pictures that it was not solved from, as a share of the largest value. */
async function errorOf(graph: Graph, picture: Picture, range?: { low: number; high: number }, count = 200) {
  const { pairs, tensor } = await device(graph, picture, count);
  const found = await linearHead({ engine, tensor, pairs, picture: pictureOf(picture), noise: 0, range });
  if (!found) return undefined;
  const { inputs, features } = await pairs.rows([5000, 5001, 5002]);
  const own = await found(3);
  const made = (await runGraph(engine, own, { [own.inputs[0]!.name]: inputs })).cut!;
  expect(made.shape).toEqual(features.cut!.shape);
  const [a, b] = [asFloat32(made), asFloat32(features.cut)];
  const worst = a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);
  return worst / b.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}

describe('a first layer', () => {
  it.each([
    ['five pixels wide, without padding', nchw(1, 28), { kernel: 5 }, []],
    ['three, padded', nchw(3, 16), { kernel: 3, pad: 1 }, []],
    ['one', nchw(3, 12), { kernel: 1 }, []],
    ['eleven, padded', nchw(1, 24), { kernel: 11, pad: 5 }, []],
    ['of stride two, padded', nchw(3, 16), { kernel: 3, stride: 2, pad: 1 }, []],
    ['of stride two without padding', nchw(1, 29), { kernel: 7, stride: 2 }, []],
    ['seven wide, of stride two, on an odd picture', nchw(3, 31, 27), { kernel: 7, stride: 2, pad: 3 }, []],
    ['eleven wide, of stride four', nchw(1, 47), { kernel: 11, stride: 4, pad: 2 }, []],
    ['of stride three', nchw(1, 24), { kernel: 5, stride: 3, pad: 1 }, []],
    ['that cuts patches into tokens', nchw(3, 32), { kernel: 8, stride: 8, outputs: 6 }, ['tokens']],
    ['with channels last', { ...nchw(3, 12), layout: 'NHWC' }, { kernel: 3, pad: 1, outputs: 7 }, ['last']],
    ['that reads the whole picture', nchw(1, 6), { kernel: 6, outputs: 9 }, ['Flatten']],
  ] as const)('%s is found but for rounding', async (_, picture, conv, then) => {
    expect(await errorOf(head(picture, conv, then), picture)).toBeLessThan(1e-4);
  });

  it.each([
    ['a ReLU', nchw(1, 20), { kernel: 5 }, 'Relu', Infinity],
    ['a ReLU of stride two', nchw(3, 16), { kernel: 3, stride: 2, pad: 1 }, 'Relu', Infinity],
    ['a ReLU that is cut off above', nchw(1, 16), { kernel: 3, pad: 1 }, 'Relu6', Math.fround(0.7)],
  ] as const)('behind %s is found from what was passed on', async (_, picture, conv, then, high) => {
    const graph = head(picture, conv, [then]);
    expect(await errorOf(graph, picture, { low: 0, high })).toBeLessThan(1e-4);
    // Taken for linear it is not, or badly.
    expect((await errorOf(graph, picture)) ?? 1).toBeGreaterThan(0.01);
  });

  it('is found through noise, as well as so many answers let it', async () => {
    const picture = nchw(1, 16);
    const graph = head(picture, { kernel: 3 });
    const { pairs, tensor } = await device(graph, picture, 200, 0.5);
    const found = await linearHead({ engine, tensor, pairs, picture: pictureOf(picture), noise: 0.5 });
    const quiet = await device(graph, picture, 1);
    const { inputs, features } = await quiet.pairs.rows([5000]);
    const own = await found!(1);
    const made = asFloat32((await runGraph(engine, own, { [own.inputs[0]!.name]: inputs })).cut);
    const squares = (of: (i: number) => number) => made.reduce((sum, _, i) => sum + of(i) ** 2, 0);
    const truth = asFloat32(features.cut);
    expect(squares((i) => made[i]! - truth[i]!)).toBeLessThan(0.01 * squares((i) => truth[i]!));
  });

  it('is not what two layers with a ReLU between them are', async () => {
    const picture = nchw(1, 16);
    const two = head(picture, { kernel: 3, pad: 1 }, ['Relu', 'Conv']);
    expect((await errorOf(two, picture)) ?? 1).toBeGreaterThan(0.01);
    const three = head(picture, { kernel: 3, pad: 1 }, ['Relu', 'Conv', 'Relu', 'Conv']);
    expect(await errorOf(three, picture)).toBeUndefined();
  });
});

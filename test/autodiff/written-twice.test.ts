/** The same function written in two ways has the same gradient, also where one of them is 0/0 on the way. */
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import { prune, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { GraphBuilder } from '../../src/model/builder.ts';
import {
  bindBatch,
  float32,
  foldConstants,
  type Graph,
  inferShapes,
  loadModel,
  type Node,
  sizeOf,
  type Tensor,
} from '../../src/model/index.ts';
import { difference, numbers } from '../support/compare.ts';
import { shared } from '../support/shared.ts';
import { noise } from './check.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const shape = [1, 2, 5, 7];
const weights = () => float32(Float32Array.from({ length: 72 }, noise(3)), [4, 2, 3, 3]);

/** A convolution of a picture, and what `rest` makes of its channels. */
function after(rest: (b: GraphBuilder, channels: string) => void, active = true): Graph {
  const b = new GraphBuilder(17);
  b.input('image', 'float32', shape);
  const channels = b.op('Conv', ['image', b.initializer(weights())], { pads: [1, 1, 1, 1] });
  rest(b, active ? b.op('Relu', [channels]) : channels);
  b.output('act');
  return b.build('twin');
}

const epsilon = (b: GraphBuilder, v: number) => b.initializer(float32([v], []));

const normalisations: Readonly<Record<string, Graph>> = {
  'as PyTorch exports it': after((b, r) => {
    const length = b.op('Clip', [b.op('ReduceL2', [r], { axes: [1], keepdims: 1 }), epsilon(b, 1e-12)]);
    b.op('Div', [r, b.op('Expand', [length, b.op('Shape', [r])])], {}, 'act');
  }),
  'as TensorFlow has it': after((b, r) => {
    const squares = b.op('Max', [b.op('ReduceSumSquare', [r], { axes: [1], keepdims: 1 }), epsilon(b, 1e-24)]);
    b.op('Div', [r, b.op('Sqrt', [squares])], {}, 'act');
  }),
  'by a power': after((b, r) => {
    const squares = b.op('ReduceSum', [b.op('Mul', [r, r]), b.constant([1], 'int64')], { keepdims: 1 });
    const length = b.op('Pow', [squares, epsilon(b, 0.5)]);
    b.op('Div', [r, b.op('Max', [length, epsilon(b, 1e-12)])], {}, 'act');
  }),
  'guarded by a Where': after((b, r) => {
    const length = b.op('ReduceL2', [r], { axes: [1], keepdims: 1 });
    const quotient = b.op('Div', [r, length]);
    b.op('Where', [b.op('Greater', [length, epsilon(b, 0)]), quotient, epsilon(b, 0)], {}, 'act');
  }),
  'as one operator': after((b, r) => b.op('LpNormalization', [r], { axis: 1 }, 'act')),
};

const pools: Readonly<Record<string, Graph>> = {
  'with ceil_mode': after(
    (b, c) => b.op('MaxPool', [c], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }, 'act'),
    false,
  ),
  'with padding after': after((b, c) => {
    b.op('MaxPool', [c], { kernel_shape: [2, 2], strides: [2, 2], pads: [0, 0, 1, 1] }, 'act');
  }, false),
};

async function gradientOf(graph: Graph, image: Tensor): Promise<number[]> {
  const head = await foldConstants(await inferShapes(graph, engine), engine);
  const session = await engine.load(vectorJacobianGraph(head));
  const made = head.outputs[0]!.shape as number[];
  const dy = float32(Float32Array.from({ length: sizeOf(made) }, noise(5)), made);
  const results = await session.run({ image, 'cotangent:act': dy });
  await session.close();
  return numbers(results['gradient:image']!);
}

const random = float32(Float32Array.from({ length: 70 }, noise(9)), shape);
const pictures: Readonly<Record<string, Tensor>> = {
  'a picture': random,
  'nothing but zeros': float32(new Float32Array(70), shape),
  'a picture that is half empty': float32(
    (random.data as Float32Array).map((v, i) => (i % 35 < 20 ? 0 : v)),
    shape,
  ),
};

describe.each([
  ['a normalisation', normalisations],
  ['a pool on odd sizes', pools],
] as const)('%s', (_, ways) => {
  const [first, ...others] = Object.entries(ways);
  for (const [kind, picture] of Object.entries(pictures)) {
    it.each(others)(`of ${kind} has the same gradient %s`, async (_way, graph) => {
      const expected = await gradientOf(first![1], picture);
      expect(expected.every(Number.isFinite)).toBe(true);
      const found = await gradientOf(graph, picture);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(difference(found, expected)).toBeLessThan(1e-5);
    });
  }
});

/** A case from the field up to its cut `act`, and a picture for it. */
async function headOf(context: TestContext, file: string, change: (node: Node) => Node = (n) => n) {
  const loaded = await loadModel(await shared(context, `cases/${file}.onnx`));
  const whole = await inferShapes(bindBatch({ ...loaded, nodes: loaded.nodes.map(change) }, 1), engine);
  const head = prune({ ...whole, outputs: [whole.values.get('act')!] });
  const extents = head.inputs[0]!.shape as number[];
  const picture = float32(Float32Array.from({ length: sizeOf(extents) }, noise(7)), extents);
  return { head, picture, none: float32(new Float32Array(sizeOf(extents)), extents) };
}

describe('of the cases from the field', () => {
  it('normalize and its twin have the same gradient at act, and none that is not finite', async (context) => {
    const gradients: number[][][] = [];
    for (const file of ['normalize', 'normalize-twin']) {
      const { head, picture, none } = await headOf(context, file);
      gradients.push([await gradientOf(head, picture), await gradientOf(head, none)]);
    }
    expect(gradients.flat(2).every(Number.isFinite)).toBe(true);
    expect(difference(gradients[0]!.flat(), gradients[1]!.flat())).toBeLessThan(1e-5);
  });

  it('a pool with ceil_mode on 33 × 33 has a gradient that loads', async (context) => {
    const { head, picture } = await headOf(context, 'maxpool-ceil');
    const gradient = await gradientOf(head, picture);
    // Rows 32 and columns 32 are windows of their own: they have a gradient.
    expect(Math.hypot(...gradient.slice(32 * 33, 33 * 33))).toBeGreaterThan(0);
    expect(gradient.every(Number.isFinite)).toBe(true);
  });

  it('an island of float16 has the gradient of its float32 twin, within half precision', async (context) => {
    const { head, picture } = await headOf(context, 'fp16-island');
    const twin = await headOf(context, 'fp32-twin');
    const expected = await gradientOf(twin.head, picture);
    expect(Math.hypot(...expected)).toBeGreaterThan(0);
    const apart = (await gradientOf(head, picture)).map((v, i) => Math.abs(v - expected[i]!));
    // Where the float32 value is all but zero a ReLU may fall the other way, which moves the 27 pixels that it sees.
    expect(apart.filter((d) => d > 5e-3).length).toBeLessThanOrEqual(4 * 27);
    expect(Math.hypot(...apart) / Math.hypot(...expected)).toBeLessThan(0.05);
  });

  it('a third by Resize has, to the bit, the gradient of a third by Slice', async (context) => {
    const { head, picture } = await headOf(context, 'resize-third');
    const twin = await headOf(context, 'slice-third');
    const expected = await gradientOf(twin.head, picture);
    expect(Math.hypot(...expected)).toBeGreaterThan(0);
    // Zeros of either sign are one.
    const found = await gradientOf(head, picture);
    expect(found.map((v) => v + 0)).toEqual(expected.map((v) => v + 0));
  });

  it('a square by an integer exponent has the gradient of a product', async (context) => {
    const { head, picture, none } = await headOf(context, 'pow-int64');
    const twin = await headOf(context, 'pow-int64', (n) =>
      n.op === 'Pow' ? { ...n, op: 'Mul', inputs: [n.inputs[0]!, n.inputs[0]!] } : n,
    );
    for (const x of [picture, none]) {
      expect(difference(await gradientOf(head, x), await gradientOf(twin.head, x))).toBeLessThan(1e-6);
    }
  });
});

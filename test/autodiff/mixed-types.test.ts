/** Networks that mix types, as exporters leave them: their gradients on the engine, against the same network in float32. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { proveGradient, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import {
  bindBatch,
  type DType,
  float32,
  foldConstants,
  type Graph,
  GraphBuilder,
  inferShapes,
  int64,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../../src/model/index.ts';
import { lbfgsSolver } from '../../src/privacy/attacks/solvers/lbfgs-solver.ts';
import { createRandom } from '../../src/random.ts';
import { numbers } from '../support/compare.ts';
import { randomTensor } from '../support/networks.ts';
import { fromHalf, toHalf } from '../support/reference/index.ts';
import { noise } from './check.ts';
import { island } from './island.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const random = createRandom(9);
const weights = (shape: readonly number[], label: string): Tensor => {
  const t = randomTensor(shape, random.fork(label), 1.7 / Math.sqrt(sizeOf(shape.slice(1))));
  // Halves, so that no type rounds them.
  return float32(
    numbers(t).map((v) => fromHalf(toHalf(v))),
    shape,
  );
};

const filled = (shape: readonly number[], dtype: DType, seed: number): Tensor => {
  const value = noise(seed);
  const list = Array.from({ length: sizeOf(shape) }, value);
  if (dtype === 'float16') return { dtype, shape, data: Uint16Array.from(list, toHalf) };
  if (dtype === 'float64') return { dtype, shape, data: Float64Array.from(list) };
  if (dtype === 'int64')
    return int64(
      list.map((v) => Math.round(3 * v)),
      shape,
    );
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from(list, (v) => Math.round(3 * v)) };
  if (dtype === 'bool') return { dtype, shape, data: Uint8Array.from(list, (v) => Number(v > 0)) };
  return float32(list, shape);
};

/** Gradients of a graph's outputs for seeded feeds and cotangents, proved on the engine before. */
async function gradients(graph: Graph, given: Tensors = {}): Promise<Tensors> {
  const gradient = vectorJacobianGraph(await foldConstants(await inferShapes(graph, engine), engine));
  await proveGradient(engine, gradient);
  const session = await engine.load(gradient);
  try {
    const feeds = gradient.inputs.map(({ name, dtype, shape }, i) => [
      name,
      given[name] ?? filled(shape as number[], dtype, name.startsWith('cotangent') ? 70 : 50 + i),
    ]);
    return await session.run(Object.fromEntries(feeds));
  } finally {
    await session.close();
  }
}

/** ‖a − b‖ / ‖b‖ over all gradients. */
function distance(a: Tensors, b: Tensors): number {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  const [left, right] = [a, b].map((tensors) => Object.values(tensors).flatMap(numbers));
  return Math.hypot(...left!.map((v, i) => v - right![i]!)) / Math.hypot(...right!);
}

/** Epsilon of half precision, and some roundings of it. */
const half = 8e-3;

/** conv → pool → conv → gelu, [1, 3, 12, 12] → [1, 6, 4, 4]; smooth but for the pool. */
function network(): Graph {
  const b = new GraphBuilder(17);
  const x = b.input('image', 'float32', [1, 3, 12, 12]);
  const first = b.op('Conv', [x, b.initializer(weights([8, 3, 3, 3], 'first'))], { pads: [1, 1, 1, 1] }, 'c1');
  const pooled = b.op('AveragePool', [b.op('Tanh', [first])], { kernel_shape: [2, 2], strides: [2, 2] }, 'p1');
  const second = b.op('Conv', [pooled, b.initializer(weights([6, 8, 3, 3], 'second'))], {}, 'c2');
  b.output(b.op('Sigmoid', [second], {}, 'act'), 'float32', [1, 6, 4, 4]);
  return b.build();
}

function perceptron(): Graph {
  const b = new GraphBuilder(17);
  const hidden = b.op('MatMul', [b.input('x', 'float32', [2, 10]), b.initializer(weights([10, 8], 'hidden'))]);
  b.output(
    b.op('MatMul', [b.op('Tanh', [hidden]), b.initializer(weights([8, 5], 'out'))], {}, 'act'),
    'float32',
    [2, 5],
  );
  return b.build();
}

/** A first convolution, which gives its picture away. */
function first(): Graph {
  const b = new GraphBuilder(17);
  const kernel = b.initializer(weights([8, 3, 3, 3], 'first'));
  const conv = b.op('Conv', [b.input('image', 'float32', [1, 3, 12, 12]), kernel], { pads: [1, 1, 1, 1] });
  b.output(b.op('Tanh', [conv], {}, 'act'), 'float32', [1, 8, 12, 12]);
  return b.build();
}

describe('a network that mixes types', () => {
  it.each([
    ['float16', network, half],
    // onnxruntime has no convolution of this type.
    ['float64', perceptron, 1e-5],
  ] as const)('has the gradient of its twin where layers are %s', async (dtype, write, tolerance) => {
    expect(distance(await gradients(island(dtype, write())), await gradients(write()))).toBeLessThan(tolerance);
  });

  it('gives attacks the same pictures in half precision as in single', async () => {
    const pictures = filled([1, 3, 12, 12], 'float32', 3);
    const reconstruct = async (graph: Graph) => {
      const head = await inferShapes(graph, engine);
      const session = await engine.load(head);
      const { act } = await session.run({ image: pictures });
      await session.close();
      const none = Float32Array.of(0);
      const solved = await lbfgsSolver.solve({
        engine,
        head,
        observed: { act: act! },
        start: float32(new Float32Array(3 * 144), [1, 3, 12, 12]),
        iterations: 200,
        objective: { likelihood: { kind: 'squares', standardDeviation: 0 }, spatialAxes: [2, 3] },
        lambdaTv: none,
        lambdaL2: none,
      });
      return numbers(solved.pictures);
    };
    const [a, b] = [await reconstruct(island('float16', first())), await reconstruct(first())];
    const truth = numbers(pictures);
    const error = (p: readonly number[]) => Math.hypot(...p.map((v, i) => v - truth[i]!)) / Math.hypot(...truth);
    expect(error(b)).toBeLessThan(0.05);
    expect(Math.abs(error(a) - error(b))).toBeLessThan(0.05);
  });

  it.each([10, 11, 16])('passes casts there and back, to type %i', async (to) => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [2, 8]);
    const back = b.op('Cast', [b.op('Cast', [x], { to }, 'there')], { to: 1 }, 'back');
    b.op('MatMul', [back, b.initializer(weights([8, 8], 'w'))], {}, 'y');
    const info = (name: string, dtype: DType) => [name, { name, dtype, shape: [2, 8] }] as const;
    const inner = ({ 10: 'float16', 11: 'float64', 16: 'bfloat16' } as const)[to as 10 | 11 | 16];
    b.output('y', 'float32', [2, 8]);
    const graph = { ...b.build(), values: new Map([info('there', inner), info('back', 'float32')]) };
    const gradient = vectorJacobianGraph(graph);
    await proveGradient(engine, gradient);
    const session = await engine.load(gradient);
    const dy = filled([2, 8], 'float32', 4);
    const dx = (await session.run({ x: filled([2, 8], 'float32', 5), 'cotangent:y': dy }))['gradient:x']!;
    await session.close();
    const w = numbers(weights([8, 8], 'w'));
    const wanted = Array.from({ length: 16 }, (_, k) =>
      w.slice(8 * (k % 8), 8 * (k % 8) + 8).reduce((sum, v, j) => sum + v * numbers(dy)[8 * Math.floor(k / 8) + j]!, 0),
    );
    expect(Math.hypot(...numbers(dx).map((v, i) => v - wanted[i]!))).toBeLessThan(1e-5);
  });

  it.each(['float16', 'float64'] as const)(
    'has %s inputs and cuts, with gradients and cotangents in float32',
    async (dtype) => {
      const b = new GraphBuilder(17);
      const x = b.input('x', dtype, [2, 6]);
      const w = weights([6, 6], 'w');
      const data = dtype === 'float16' ? Uint16Array.from(numbers(w), toHalf) : Float64Array.from(numbers(w));
      b.output(b.op('MatMul', [x, b.initializer({ dtype, shape: [6, 6], data })], {}, 'y'));
      const c = new GraphBuilder(17);
      c.output(c.op('MatMul', [c.input('x', 'float32', [2, 6]), c.initializer(w)], {}, 'y'));
      const gradient = vectorJacobianGraph(await inferShapes(b.build(), engine));
      expect(gradient.inputs.map((v) => v.dtype)).toEqual([dtype, 'float32']);
      expect(gradient.outputs.map((v) => v.dtype)).toEqual(['float32']);
      expect(distance(await gradients(b.build()), await gradients(c.build()))).toBeLessThan(1e-6);
    },
  );
});

describe('integers on the way', () => {
  it.each(['int64', 'int32', 'float64'] as const)('are exponents: %s, constant and fed', async (dtype) => {
    const exponents = (b: GraphBuilder, type: DType, constant: boolean) => {
      if (!constant) return b.input('n', type, [4]);
      const list = [0, 1, 2, 3];
      if (type === 'int64') return b.initializer(int64(list));
      if (type === 'float64') return b.initializer({ dtype: type, shape: [4], data: Float64Array.from(list) });
      return b.initializer(
        type === 'int32' ? { dtype: type, shape: [4], data: Int32Array.from(list) } : float32(list, [4]),
      );
    };
    for (const constant of [true, false]) {
      const write = (type: DType) => {
        const b = new GraphBuilder(17);
        const base = b.op('Exp', [b.input('x', 'float32', [3, 4])]);
        b.output(b.op('Pow', [base, exponents(b, type, constant)], {}, 'y'));
        return b.build();
      };
      const n: Tensors = constant ? {} : { n: filled([4], dtype, 8) };
      const [found, wanted] = [await gradients(write(dtype), n), await gradients(write('float32'), singles(n))];
      expect(distance({ x: found['gradient:x']! }, { x: wanted['gradient:x']! })).toBeLessThan(1e-6);
    }
  });

  it('are factors once they are cast, and choose where they are true', async () => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [3, 4]);
    const scaled = b.op('Mul', [x, b.op('Cast', [b.input('n', 'int32', [3, 4])], { to: 1 })]);
    b.output(b.op('Where', [b.input('keep', 'bool', [3, 4]), scaled, x], {}, 'y'));
    const [n, keep, dy] = [filled([3, 4], 'int32', 51), filled([3, 4], 'bool', 52), filled([3, 4], 'float32', 70)];
    const dx = (await gradients(b.build(), { n, keep }))['gradient:x']!;
    const wanted = numbers(dy).map((d, i) => d * (numbers(keep)[i] ? numbers(n)[i]! : 1));
    expect(numbers(dx)).toEqual(wanted.map((v) => v + 0));
  });

  it('hold weights of half precision in Constant nodes', async () => {
    const w = weights([5, 3, 3, 3], 'w');
    const write = (value: Tensor, dtype: 'float16' | 'float32') => {
      const b = new GraphBuilder(17);
      const x = b.op('Cast', [b.input('x', 'float32', [1, 3, 7, 7])], { to: dtype === 'float16' ? 10 : 1 });
      const kernel = b.op('Constant', [], { value });
      b.output(b.op('Cast', [b.op('Conv', [x, kernel])], { to: 1 }, 'y'));
      return b.build();
    };
    const halves: Tensor = { dtype: 'float16', shape: w.shape, data: Uint16Array.from(numbers(w), toHalf) };
    const [found, wanted] = [await gradients(write(halves, 'float16')), await gradients(write(w, 'float32'))];
    expect(distance(found, wanted)).toBeLessThan(half);
  });
});

const singles = (feeds: Tensors): Tensors =>
  Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, float32(numbers(t), t.shape)]));

describe('quantisation in half precision', () => {
  it('passes the cotangent as it does in single', async () => {
    const write = (dtype: 'float16' | 'float32') => {
      const b = new GraphBuilder(21);
      const x = b.op('Cast', [b.input('x', 'float32', [2, 6])], { to: dtype === 'float16' ? 10 : 1 });
      const quarter = float32([0.25], []);
      const scale = b.initializer(
        dtype === 'float16' ? { dtype, shape: [], data: Uint16Array.of(toHalf(0.25)) } : quarter,
      );
      const zero = b.initializer({ dtype: 'int8', shape: [], data: Int8Array.of(3) });
      const q = b.op('QuantizeLinear', [b.op('Mul', [x, x]), scale, zero]);
      b.output(b.op('Cast', [b.op('DequantizeLinear', [q, scale, zero])], { to: 1 }, 'y'));
      return b.build();
    };
    const x = filled([2, 6], 'float32', 5);
    const halves = float32(
      numbers(x).map((v) => fromHalf(toHalf(v))),
      x.shape,
    );
    const [found, wanted] = [
      await gradients(write('float16'), { x: halves }),
      await gradients(write('float32'), { x: halves }),
    ];
    expect(distance(found, wanted)).toBeLessThan(half);
  });
});

describe('a batch', () => {
  it('of several pictures has the gradients of each', async () => {
    const b = new GraphBuilder(17);
    b.output(b.op('Tanh', [b.input('x', 'float32', ['n', 4])], {}, 'y'), 'float32', ['n', 4]);
    const twin = bindBatch(b.build(), 3);
    expect(distance(await gradients(island('float16', twin)), await gradients(twin))).toBeLessThan(half);
  });
});

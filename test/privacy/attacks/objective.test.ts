import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import {
  asFloat32,
  float32,
  type Graph,
  GraphBuilder,
  inferShapes,
  sizeOf,
  type Tensors,
} from '../../../src/model/index.ts';
import { evaluationGraph, names, type ObjectiveOptions } from '../../../src/privacy/attacks/objective.ts';
import { createRandom } from '../../../src/random.ts';
import { randomTensor } from '../../support/networks.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());

const n = 3;

/** Two tensors of different size leave the device: a convolution, and its average. */
async function head(): Promise<Graph> {
  const b = new GraphBuilder(17);
  const random = createRandom(2);
  b.input('x', 'float32', [n, 2, 5, 6]);
  const w = b.initializer(randomTensor([3, 2, 3, 3], random), 'w');
  b.output(b.op('Conv', ['x', w], { kernel_shape: [3, 3] }, 'a'), 'float32', [n, 3, 3, 4]);
  b.output(b.op('GlobalAveragePool', ['a'], {}, 'b'), 'float32', [n, 3, 1, 1]);
  return inferShapes(b.build('head'), engine);
}

const random = createRandom(3);
const x = randomTensor([n, 2, 5, 6], random);
const observed = { a: randomTensor([n, 3, 3, 4], random), b: randomTensor([n, 3, 1, 1], random) };
const lambdaTv = [0, 0.5, 2];
const lambdaL2 = [0.25, 0, 1];

async function evaluate(graph: Graph, options: ObjectiveOptions, at = x) {
  const session = await engine.load(evaluationGraph(graph, options));
  try {
    const results = await session.run({
      x: at,
      [names.observed('a')]: observed.a,
      [names.observed('b')]: observed.b,
      [names.lambdaTv]: float32(lambdaTv, [n]),
      [names.lambdaL2]: float32(lambdaL2, [n]),
    });
    return { values: [...asFloat32(results[names.value])], gradient: asFloat32(results[names.gradient]) };
  } finally {
    await session.close();
  }
}

/** The formula of each picture, from the head's outputs: data term + λ·TV + λ·L2, each a mean over its elements. */
function obvious(features: Tensors, options: ObjectiveOptions): number[] {
  const { likelihood } = options;
  const distance = (made: number, seen: number) => {
    const d = made - seen;
    switch (likelihood.kind) {
      case 'squares':
        return d * d;
      case 'absolute': {
        const delta = likelihood.scale / 10;
        return Math.sqrt(d * d + delta * delta) - delta;
      }
      case 'mixed': {
        const { rate, standardDeviation: sd } = likelihood;
        const density = (x: number) => Math.exp(-(x * x) / (2 * sd * sd));
        const likely = (1 - rate) * density(d) + rate * density(seen);
        return -2 * sd * sd * Math.log(likely / (1 - rate));
      }
      case 'within':
        return Math.max(Math.abs(d) - Math.abs(seen) / 2, 0) ** 2;
      default:
        throw new Error('tested below');
    }
  };
  return Array.from({ length: n }, (_, i) => {
    let [sum, count] = [0, 0];
    for (const [name, seen] of Object.entries(observed)) {
      const size = sizeOf(seen.shape.slice(1));
      for (let k = i * size; k < (i + 1) * size; k++)
        sum += distance(asFloat32(features[name])[k]!, asFloat32(seen)[k]!);
      count += size;
    }
    const pixel = (c: number, h: number, w: number) => asFloat32(x)[((i * 2 + c) * 5 + h) * 6 + w]!;
    let [dx, dy, squares] = [0, 0, 0];
    for (let c = 0; c < 2; c++) {
      for (let h = 0; h < 5; h++) {
        for (let w = 0; w < 6; w++) {
          if (w > 0) dx += (pixel(c, h, w) - pixel(c, h, w - 1)) ** 2;
          if (h > 0) dy += (pixel(c, h, w) - pixel(c, h - 1, w)) ** 2;
          squares += pixel(c, h, w) ** 2;
        }
      }
    }
    return sum / count + lambdaTv[i]! * (dx / (2 * 5 * 5) + dy / (2 * 4 * 6)) + lambdaL2[i]! * (squares / 60);
  });
}

const laws: readonly ObjectiveOptions[] = [
  { likelihood: { kind: 'squares', standardDeviation: 0 }, spatialAxes: [2, 3] },
  { likelihood: { kind: 'absolute', scale: 0.8 }, spatialAxes: [2, 3] },
  { likelihood: { kind: 'mixed', rate: 0.3, standardDeviation: 0.7 }, spatialAxes: [2, 3] },
  {
    likelihood: { kind: 'within', slack: (b, { term }) => b.op('Mul', [b.op('Abs', [term]), b.constant(0.5)]) },
    spatialAxes: [2, 3],
  },
];

describe('the objective of rMLE', () => {
  it.each(laws)('is the formula, picture by picture, each with λ of its own: $likelihood.kind', async (options) => {
    const graph = await head();
    const session = await engine.load(graph);
    const features = await session.run({ x });
    await session.close();
    const { values } = await evaluate(graph, options);
    for (const [i, value] of obvious(features, options).entries()) expect(values[i]).toBeCloseTo(value, 4);
  });

  it.each(laws)('has the gradient of its value: $likelihood.kind', async (options) => {
    const graph = await head();
    const { gradient } = await evaluate(graph, options);
    const step = 1e-2;
    const direction = asFloat32(randomTensor(x.shape, createRandom(8)));
    const at = (sign: number) =>
      float32(
        Float32Array.from(asFloat32(x), (v, k) => v + sign * step * direction[k]!),
        x.shape,
      );
    const [up, down] = [await evaluate(graph, options, at(1)), await evaluate(graph, options, at(-1))];
    const size = gradient.length / n;
    for (let i = 0; i < n; i++) {
      let slope = 0;
      for (let k = i * size; k < (i + 1) * size; k++) slope += gradient[k]! * direction[k]!;
      const measured = (up.values[i]! - down.values[i]!) / (2 * step);
      expect(Math.abs(slope - measured)).toBeLessThan(2e-3 * Math.max(1, Math.abs(measured)));
    }
  });

  it('weighs an outlier less under Laplace noise than under Gaussian', async () => {
    const graph = await head();
    const far = float32(
      Float32Array.from(asFloat32(x), (v) => v + 20),
      x.shape,
    );
    const [gaussian, laplace] = [await evaluate(graph, laws[0]!, far), await evaluate(graph, laws[1]!, far)];
    const priors = obvious(observed, laws[0]!);
    expect(gaussian.values[0]! - priors[0]!).toBeGreaterThan(10 * (laplace.values[0]! - priors[0]!));
  });

  it.each([
    ['Round', {}],
    ['Floor', {}],
    ['Sign', {}],
    ['Hardmax', {}],
    ['Cast', { to: 6 }],
  ] as const)('is refused for a head that quantises: %s', async (op, attributes) => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [n, 1, 4, 4]);
    const y = b.op(op, [b.op('Relu', ['x'], {}, 'first')], attributes, 'second');
    b.output(b.op('Cast', [y], { to: 1 }, 'seen'), 'float32', [n, 1, 4, 4]);
    const graph = await inferShapes(b.build('rounding'), engine);
    expect(() => evaluationGraph(graph, laws[0]!)).toThrow(
      expect.objectContaining({ code: 'NO_GRADIENT_RULE', message: expect.stringContaining('second') }),
    );
  });

  it('is refused for a head that only compares, not for one that gates by comparing', async () => {
    const write = async (op: string) => {
      const b = new GraphBuilder(17);
      const x = b.input('x', 'float32', [n, 1, 4, 4]);
      const gate = b.op('Cast', [b.op('Greater', [x, b.constant(0)], {}, 'second')], { to: 1 });
      b.output(b.op(op, [gate, op === 'Mul' ? x : b.constant(2)], {}, 'seen'), 'float32', [n, 1, 4, 4]);
      return inferShapes(b.build('gate'), engine);
    };
    const compares = await write('Add');
    expect(() => evaluationGraph(compares, laws[0]!)).toThrow(
      expect.objectContaining({ code: 'NO_GRADIENT_RULE', message: expect.stringContaining('second') }),
    );
    expect(evaluationGraph(await write('Mul'), laws[0]!).outputs).toHaveLength(2);
  });

  it('is written once for a head and all that decides it', async () => {
    const graph = await head();
    const written = (options: ObjectiveOptions) => evaluationGraph(graph, options);
    const squares = { kind: 'squares', standardDeviation: 0 } as const;
    const plain = written({ likelihood: squares, spatialAxes: [2, 3] });
    expect(written({ spatialAxes: [2, 3], likelihood: { ...squares, standardDeviation: 0.3 } })).toBe(plain);
    const factors = () => ({ kind: 'covariance', factors: randomTensor([2, 30, 30], createRandom(1)) }) as const;
    const structure = factors();
    const others: ObjectiveOptions[] = [
      { likelihood: { kind: 'absolute', scale: 1 }, spatialAxes: [2, 3] },
      { likelihood: { kind: 'absolute', scale: 2 }, spatialAxes: [2, 3] },
      { likelihood: { kind: 'dropped', rate: 0.5 }, spatialAxes: [2, 3] },
      { likelihood: squares, mostlyNoise: true, spatialAxes: [2, 3] },
      { likelihood: squares, spatialAxes: [2, 3], variation: 'isotropic' },
      { likelihood: squares, spatialAxes: [2, 3], structure },
      // The same numbers in other hands.
      { likelihood: squares, spatialAxes: [2, 3], structure: factors() },
    ];
    const graphs = others.map(written);
    expect(new Set([plain, ...graphs]).size).toBe(1 + others.length);
    // Of one head a few are remembered.
    expect(written({ likelihood: squares, spatialAxes: [2, 3], structure })).toBe(graphs[5]);
    expect(others.map(written)).toEqual(graphs);
    expect(evaluationGraph(await head(), others[0]!)).not.toBe(graphs[0]);
  });

  it('does not mind integers that are only shapes', async () => {
    const b = new GraphBuilder(17);
    b.input('x', 'float32', [n, 1, 4, 4]);
    const shape = b.op('Cast', [b.op('Cast', [b.op('Shape', ['x'])], { to: 1 })], { to: 7 });
    b.output(b.op('Reshape', ['x', shape], {}, 'seen'), 'float32', [n, 1, 4, 4]);
    const graph = await inferShapes(b.build('shapes'), engine);
    expect(evaluationGraph(graph, laws[0]!).outputs.map((v) => v.name)).toEqual([names.value, names.gradient]);
  });
});

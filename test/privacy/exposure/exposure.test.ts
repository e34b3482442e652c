import { afterAll, describe, expect, it } from 'vitest';
import type { Preprocessing } from '../../../src/data/index.ts';
import { preprocess } from '../../../src/data/index.ts';
import { createEngine } from '../../../src/engine/index.ts';
import { float32, type Graph, GraphBuilder, resolveCut, type Tensor } from '../../../src/model/index.ts';
import { Subject } from '../../../src/privacy/audit/index.ts';
import { dfil, distances, inputNoiseDfil, squaredJacobian } from '../../../src/privacy/exposure/index.ts';
import { compileMechanism, seededNoise } from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';
import { networks } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1, spinning: false });
afterAll(() => engine.close());

const flat: Preprocessing = { layout: 'NCHW', channels: 1, height: 2, width: 3, mean: [0], std: [0.5] };

/** z = W x for pictures of 1×2×3. */
function linear(weights: readonly number[], outputs: number): (n: number) => Promise<Graph> {
  return async (n) => {
    const b = new GraphBuilder(17);
    const x = b.input('input', 'float32', [n, 1, 2, 3]);
    const rows = b.op('Flatten', [x], { axis: 1 }, 'flat');
    const w = b.initializer(float32(weights, [6, outputs]), 'w');
    b.output(b.op('MatMul', [rows, w], {}, 'z'), 'float32', [n, outputs]);
    const graph = b.build();
    return { ...graph, values: new Map([['flat', { name: 'flat', dtype: 'float32', shape: [n, 6] }]]) };
  };
}

const law = (spec: string) => {
  const { law } = compileMechanism(spec).stages[0]!.stage;
  if (law.kind !== 'additive') throw new Error(spec);
  return law;
};

const pictures = (count: number): Tensor =>
  float32(createRandom(1).fillUniform(new Float32Array(count * 6)), [count, 1, 2, 3]);

describe('squared Jacobian', () => {
  const weights = Array.from({ length: 24 }, (_, i) => Math.sin(i));
  /** With respect to pixels: x = (pixel − 0) / .5. */
  const trace = weights.reduce((sum, w) => sum + (2 * w) ** 2, 0);
  const measure = (method: 'gradients' | 'differences' | undefined, head = linear(weights, 4)) =>
    squaredJacobian({
      ...{ engine, head, inputs: pictures(10), preprocessing: flat },
      ...{ probes: 200, chunk: 4, method, random: createRandom(2) },
    });

  it.each(['gradients', 'differences'] as const)('is that of a linear map, by %s', async (method) => {
    const { traces, ...rest } = await measure(method);
    expect(rest).toEqual({ method, probes: 200 });
    expect(traces).toHaveLength(10);
    const mean = traces.reduce((a, b) => a + b, 0) / 10;
    expect(Math.abs(mean / trace - 1)).toBeLessThan(0.03);
    for (const t of traces) expect(Math.abs(t / trace - 1)).toBeLessThan(0.35);
  });

  it('is exact with one probe where directions do not mix', async () => {
    const diagonal = Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? 1 + i / 7 : 0));
    const { traces } = await squaredJacobian({
      ...{ engine, head: linear(diagonal, 6), inputs: pictures(3), preprocessing: flat },
      ...{ probes: 1, chunk: 2, random: createRandom(3) },
    });
    const wanted = 4 * [1, 2, 3, 4, 5, 6].reduce((sum, w) => sum + w * w, 0);
    for (const t of traces) expect(t).toBeCloseTo(wanted, 3);
  });

  it('goes by differences where an operator has no rule, unless gradients were asked for', async () => {
    const head = async (n: number): Promise<Graph> => {
      const graph = await linear(weights, 4)(n);
      const [flatten, product] = graph.nodes;
      const gelu = { ...flatten!, op: 'QuickGelu', domain: 'com.microsoft', name: 'gelu', attributes: {} };
      return {
        ...graph,
        nodes: [flatten!, { ...product!, outputs: ['y'] }, { ...gelu, inputs: ['y'], outputs: ['z'] }],
        opsets: new Map([...graph.opsets, ['com.microsoft', 1]]),
        values: new Map([...graph.values, ['y', { name: 'y', dtype: 'float32', shape: [n, 4] }]]),
      };
    };
    await expect(measure('gradients', head)).rejects.toMatchObject({ code: 'NO_GRADIENT_RULE' });
    const { method, traces } = await measure(undefined, head);
    expect(method).toBe('differences');
    expect(Math.min(...traces)).toBeGreaterThan(0);
  });

  it.each([
    ['chain', 'ReLU2'],
    ['residual', 'conv0'],
    ['kerasStyle', 'StatefulPartitionedCall/model/conv2d_1/Relu:0'],
  ] as const)('is the same by gradients and by differences: %s at %s', async (name, cutId) => {
    const { build, input } = networks[name];
    const nhwc = name === 'kerasStyle';
    const data = spots({ channels: input[nhwc ? 2 : 0] as 1 | 3, side: input[1], test: 6 });
    const preprocessing: Preprocessing = {
      ...unitPreprocessing(data),
      layout: nhwc ? 'NHWC' : 'NCHW',
      std: data.channels === 3 ? [0.2, 0.3, 0.5] : [0.4],
    };
    const subject = await Subject.open(engine, build({ batch: 'n' }), preprocessing);
    const cut = resolveCut(subject.cuts, cutId);
    const inputs = preprocess(await data.test.pixels([0, 1, 2, 3, 4, 5]), preprocessing);
    const by = async (method: 'gradients' | 'differences') => {
      const { traces } = await squaredJacobian({
        ...{ engine, head: async (n) => (await subject.parts(cut, n)).head, inputs, preprocessing },
        ...{ probes: 60, chunk: 6, method, random: createRandom(5) },
      });
      return traces.reduce((a, b) => a + b, 0) / traces.length;
    };
    const ratio = (await by('differences')) / (await by('gradients'));
    expect(ratio).toBeCloseTo(1, 1);
  });
});

describe('dFIL', () => {
  const traces = (...values: number[]) => ({
    traces: Float64Array.from(values),
    method: 'gradients' as const,
    probes: 8,
  });

  it('is the trace over pixels and the square of the scale, and its inverse the bound', () => {
    for (const distribution of ['gaussian', 'laplace']) {
      const found = dfil(
        traces(10, 20, 30),
        law(distribution === 'gaussian' ? 'gauss(sd=0.5)' : 'laplace(scale=0.5)'),
        5,
        createRandom(1),
      )!;
      expect(found.value).toBeCloseTo(20 / (5 * 0.25), 12);
      expect(found.mseBound).toBeCloseTo(1 / 16, 12);
      expect(found).toMatchObject({ images: 3, probes: 8, method: 'gradients' });
      expect(found.low).toBeLessThan(16);
      expect(found.high).toBeGreaterThan(16);
    }
  });

  it('bounds nothing where the output does not move', () => {
    expect(dfil(traces(0, 0), law('gauss(sd=1)'), 5, createRandom(1))).toBeUndefined();
  });

  it('holds for unbiased estimators of a linear head, tightly where all directions are alike', async () => {
    const random = createRandom(7);
    for (const [kind, gains, tight] of [
      ['gaussian', [2, 2, 2, 2, 2, 2], true],
      ['gaussian', [0.5, 1, 2, 3, 4, 5], false],
      ['laplace', [2, 2, 2, 2, 2, 2], false],
    ] as const) {
      const noise = law(kind === 'gaussian' ? 'gauss(sd=0.3)' : 'laplace(scale=0.3)');
      const diagonal = Array.from({ length: 36 }, (_, i) => (i % 7 === 0 ? gains[i / 7]! : 0));
      const jacobian = await squaredJacobian({
        ...{ engine, head: linear(diagonal, 6), inputs: pictures(2), preprocessing: flat },
        ...{ probes: 1, chunk: 2, random },
      });
      const { mseBound } = dfil(jacobian, noise, 6, random)!;
      // z/gain is the network's input and noise; times std it is the pixel: unbiased.
      const draws = 4000;
      const out = new Float32Array(6);
      let squares = 0;
      for (let t = 0; t < draws; t++) {
        seededNoise(random)[kind](out, 0.3);
        out.forEach((v, i) => {
          squares += ((v / gains[i]!) * 0.5) ** 2 / 6 / draws;
        });
      }
      expect(squares).toBeGreaterThan(mseBound * 0.95);
      if (tight) expect(squares).toBeLessThan(mseBound * 1.05);
    }
  });

  it('of noise on the input is that of the noise alone, in pixels', () => {
    const colour = { ...flat, channels: 3 as const, mean: [0, 0, 0], std: [0.5, 0.25, 0.1] };
    const { value, mseBound, method } = inputNoiseDfil(law('input.gauss(sd=2)'), colour, 4);
    expect(value).toBeCloseTo((1 + 4 + 25) / 3, 9);
    expect(mseBound).toBeCloseTo(1 / 10, 9);
    expect(method).toBe('exact');
  });
});

describe('distances by the engine', () => {
  it('are those of plain arithmetic, across blocks of columns', async () => {
    const random = createRandom(1);
    const [count, length] = [7, 20_000];
    // Far from zero: without centring float32 products would lose the difference.
    const data = random.fillNormal(new Float32Array(count * length)).map((v) => 100 + v);
    const found = await distances(engine, { count, length, data });
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) {
        let square = 0;
        for (let k = 0; k < length; k++) square += (data[i * length + k]! - data[j * length + k]!) ** 2;
        expect(Math.abs(found[i * count + j]! - Math.sqrt(square))).toBeLessThan(0.01);
      }
    }
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Graph, GraphBuilder, type Tensor, type Tensors } from '../../../src/model/index.ts';
import { objectiveFor } from '../../../src/privacy/attacks/rmle.ts';
import { isAffine, isQuadratic } from '../../../src/privacy/attacks/solvers/quadratic.ts';
import { compileMechanism, defendedHead, viewOf } from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';
import { caseOf, describeCase, operatorCases } from '../../support/cases/index.ts';
import { chain, networks, randomTensor } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { runReference } from '../../support/reference/index.ts';
import { examples } from '../mechanisms/stages.ts';
import { unitPreprocessing } from './scene.ts';

/** How far the outputs of x, y and the point in the middle between them are from a straight line, of their size. */
function bend(graph: Graph, feeds: Tensors, seed: number): number {
  const random = createRandom(seed);
  const name = graph.inputs[0]!.name;
  const { shape, dtype, data } = feeds[name]!;
  const [x, y] = [0, 1].map(() => Float64Array.from(data as Float32Array, () => 2 * random.normal()));
  const at = (values: Float64Array) =>
    runReference(graph, { ...feeds, [name]: { shape, dtype, data: values } as unknown as Tensor });
  const [a, b, middle] = [at(x!), at(y!), at(x!.map((v, i) => (v + y![i]!) / 2))];
  let worst = 0;
  for (const [output, { data: values }] of Object.entries(middle!)) {
    for (const [i, m] of (values as Float64Array).entries()) {
      const [p, q] = [Number(a![output]!.data[i]), Number(b![output]!.data[i])];
      const size = 1 + Math.abs(p) + Math.abs(q);
      worst = Math.max(worst, Math.abs(p + q - 2 * Number(m)) / size);
    }
  }
  return worst;
}

/** One convolution. */
function linear(): Graph {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [2, 1, 6, 6]);
  const kernel = b.initializer(randomTensor([2, 1, 3, 3], createRandom(4)));
  b.output(b.op('Conv', ['x', kernel], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, 'y'), 'float32', [2, 2, 6, 6]);
  return b.build();
}

const feedsOf = (graph: Graph): Tensors =>
  Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, randomTensor(shape as number[], createRandom(6))]));

/** Operators for which something was compared. */
const compared = new Set<string>();

describe('heads that are affine in the picture', () => {
  it.each(Object.keys(operatorCases))('what is taken for one is one: %s', (op) => {
    for (const generator of operatorCases[op]!) {
      fc.assert(
        fc.property(caseOf(generator), fc.nat(), (drawn, seed) => {
          const { graph, feeds } = drawn;
          if (graph.inputs[0]?.dtype !== 'float32' || !isAffine(graph)) return;
          if (graph.outputs.some((o) => !o.dtype.startsWith('float'))) return;
          expect(bend(graph, feeds, seed), describeCase(drawn)).toBeLessThan(1e-6);
          compared.add(op);
        }),
        { numRuns: 15, seed: 3 },
      );
    }
  });

  it('were among what was tried', () => {
    const linear = ['Add', 'Sub', 'Sum', 'Mean', 'Concat', 'Identity', 'Neg', 'Mul', 'Div', 'MatMul', 'Gemm'];
    const windows = ['Conv', 'ConvTranspose', 'AveragePool', 'GlobalAveragePool', 'BatchNormalization'];
    const moves = [
      'Reshape',
      'Flatten',
      'Transpose',
      'Squeeze',
      'Unsqueeze',
      'Slice',
      'Split',
      'Gather',
      'Expand',
      'Pad',
    ];
    const missing = [...linear, ...windows, ...moves, 'ReduceMean', 'ReduceSum', 'Tile'].filter(
      (op) => !compared.has(op),
    );
    expect(missing).toEqual([]);
  });

  it('are convolutions, poolings by average and batch norms, and end at the first rectifier', () => {
    const first = chain({ batch: 1 });
    const upTo = (nodes: number): Graph => ({ ...first, nodes: first.nodes.slice(0, nodes) });
    expect(first.nodes.slice(0, 2).map((n) => n.op)).toEqual(['Conv', 'Relu']);
    expect(isAffine(upTo(1))).toBe(true);
    expect(isAffine(upTo(2))).toBe(false);
    for (const { build } of Object.values(networks)) expect(isAffine(build({ batch: 1 }))).toBe(false);
  });

  it('are not products of two things that both hang on the picture', () => {
    const b = new GraphBuilder(17);
    const x = b.input('x', 'float32', [1, 4]);
    b.output(b.op('Mul', [x, b.op('Identity', [x])], {}, 'y'), 'float32', [1, 4]);
    expect(isAffine(b.build())).toBe(false);
  });

  it.each(Object.entries(examples))('are what is taken for one behind %s', (name, specs) => {
    const head = linear();
    const layout = { input: [1, 6, 6], activation: [{ name: 'y', shape: [2, 6, 6] }] };
    for (const spec of specs) {
      const { graph } = defendedHead(head, compileMechanism(spec, layout), { relaxed: true });
      const isBent = ['clip', 'topk'].some((bending) => spec.includes(`${bending}(`));
      // Shares of one leave everything, and may not be known to.
      if (!spec.includes('share=1)')) expect(isAffine(graph), spec).toBe(!isBent);
      if (isAffine(graph)) expect(bend(graph, feedsOf(graph), 5), `${name}: ${spec}`).toBeLessThan(1e-6);
    }
  });

  it('are no head that rounds', () => {
    const layout = { input: [1, 6, 6], activation: [{ name: 'y', shape: [2, 6, 6] }] };
    expect(isAffine(defendedHead(linear(), compileMechanism('quant(bits=4)', layout)).graph)).toBe(false);
  });

  it('are descended as quadratics where their defense is whole, not where it is relaxed', () => {
    const layout = { input: [1, 6, 6], activation: [{ name: 'y', shape: [2, 6, 6] }] };
    const takes = (spec: string) => {
      const mechanism = compileMechanism(spec, layout);
      const observed = { y: randomTensor([2, 2, 6, 6], createRandom(7)) };
      const preprocessing = unitPreprocessing(spots({ train: 2, test: 2 }));
      const objective = objectiveFor({ view: viewOf(mechanism), preprocessing, observed });
      const { graph: head } = defendedHead(linear(), mechanism, { relaxed: true });
      return isQuadratic({ head, objective, lambdaTv: Float32Array.of(0, 0) });
    };
    for (const spec of ['none', 'gauss(sd=0.5)', 'input.blur(sigma=1.5)', 'input.blur(sigma=1)+gauss(sd=0.1)'])
      expect(takes(spec), spec).toBe(true);
    for (const spec of ['quant(bits=4)', 'input.quant(bits=8)', 'gauss(sd=0.5)+quant(bits=8)', 'clip(l2=4)'])
      expect(takes(spec), spec).toBe(false);
    for (const spec of ['laplace(scale=0.1)', 'dropout(rate=0.5)', 'topk(share=0.1)'])
      expect(takes(spec), spec).toBe(false);
  });

  it('make a quadratic of the objective where differences are squared, and of no other', () => {
    const head = { ...chain({ batch: 1 }), nodes: chain({ batch: 1 }).nodes.slice(0, 1) };
    const objective = { likelihood: { kind: 'squares', standardDeviation: 0 }, spatialAxes: [2, 3] } as const;
    const [none, some] = [Float32Array.of(0), Float32Array.of(0.1)];
    expect(isQuadratic({ head, objective, lambdaTv: some })).toBe(true);
    expect(isQuadratic({ head, objective: { ...objective, variation: 'isotropic' }, lambdaTv: some })).toBe(false);
    expect(isQuadratic({ head, objective: { ...objective, variation: 'isotropic' }, lambdaTv: none })).toBe(true);
    expect(isQuadratic({ head, objective: { ...objective, relaxed: true }, lambdaTv: none })).toBe(false);
    const others = [
      { kind: 'absolute', scale: 1 },
      { kind: 'dropped', rate: 0.5 },
    ] as const;
    for (const likelihood of others) {
      expect(isQuadratic({ head, objective: { ...objective, likelihood }, lambdaTv: none })).toBe(false);
    }
  });
});

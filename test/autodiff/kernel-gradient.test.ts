/** The gradient of a convolution's kernel, in each of the ways it is computed, against loops that read like its definition. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Expressions } from '../../src/autodiff/expressions.ts';
import { kernelGradient } from '../../src/autodiff/rules/kernel-gradient.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { attrInt, type Graph } from '../../src/model/graph.ts';
import { asFloat32, float32, GraphBuilder, sizeOf, type Tensor } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';

interface Layer {
  readonly n: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly group?: number;
  readonly extents: readonly number[];
  readonly kernel: readonly number[];
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly before?: readonly number[];
  readonly after?: readonly number[];
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

function sized(layer: Layer) {
  const { n, inputs, outputs, group = 1, extents, kernel } = layer;
  const ones = kernel.map(() => 1);
  const zeros = kernel.map(() => 0);
  const { strides = ones, dilations = ones, before = zeros, after = before } = layer;
  const positions = extents.map((e, i) =>
    Math.floor((e + before[i]! + after[i]! - dilations[i]! * (kernel[i]! - 1) - 1) / strides[i]! + 1),
  );
  const image = [n, inputs * group, ...extents];
  const made = [n, outputs * group, ...positions];
  return { image, made, positions, window: { kernel, strides, dilations, before, group } };
}

function gradientGraph(layer: Layer): Graph {
  const { image, made, window } = sized(layer);
  const b = new GraphBuilder(17);
  const x = { term: b.input('x', 'float32', image), shape: image };
  const dy = { term: b.input('dy', 'float32', made), shape: made };
  b.op('Identity', [kernelGradient(new Expressions(b), x, dy, window)], {}, 'dw');
  b.output('dw', 'float32');
  return b.build();
}

/** All index tuples below these extents. */
const indices = (extents: readonly number[]): number[][] =>
  extents.reduce<number[][]>((all, e) => all.flatMap((i) => Array.from({ length: e }, (_, k) => [...i, k])), [[]]);

/** dW[o, c, t] = Σ over images and positions p of dy[o, p]·x[c, stride·p + dilation·t − before]. */
function byDefinition(layer: Layer, x: Float32Array, dy: Float32Array): Float64Array {
  const { n, inputs, outputs, group = 1, extents } = layer;
  const { positions, window } = sized(layer);
  const { kernel, strides, dilations, before } = window;
  const places = indices(positions);
  const out: number[] = [];
  for (let o = 0; o < outputs * group; o++) {
    for (let c = 0; c < inputs; c++) {
      const channel = Math.floor(o / outputs) * inputs + c;
      for (const tap of indices(kernel)) {
        let sum = 0;
        for (let i = 0; i < n; i++) {
          for (const [at, p] of places.entries()) {
            const q = p.map((v, k) => strides[k]! * v + dilations[k]! * tap[k]! - before[k]!);
            if (q.some((v, k) => v < 0 || v >= extents[k]!)) continue;
            const flat = q.reduce((all, v, k) => all * extents[k]! + v, 0);
            const [a, b] = [i * outputs * group + o, i * inputs * group + channel];
            sum += dy[a * places.length + at]! * x[b * sizeOf(extents) + flat]!;
          }
        }
        out.push(sum);
      }
    }
  }
  return Float64Array.from(out);
}

async function compare(layer: Layer): Promise<Graph> {
  const random = createRandom(1);
  const { image, made } = sized(layer);
  const value = (shape: readonly number[]): Tensor =>
    float32(random.fillNormal(new Float32Array(sizeOf(shape)), 1), shape);
  const [x, dy] = [value(image), value(made)];
  const graph = gradientGraph(layer);
  const session = await engine.load(graph);
  const { dw } = await session.run({ x, dy });
  await session.close();
  const { inputs, outputs, group = 1, kernel } = layer;
  expect(dw!.shape).toEqual([outputs * group, inputs, ...kernel]);
  const expected = byDefinition(layer, asFloat32(x), asFloat32(dy));
  const scale = Math.sqrt(expected.reduce((sum, v) => sum + v * v, 0) / expected.length);
  const worst = asFloat32(dw).reduce((most, v, i) => Math.max(most, Math.abs(v - expected[i]!)), 0);
  expect(worst).toBeLessThan(1e-5 * scale);
  return graph;
}

const groupsOf = (graph: Graph) => graph.nodes.filter((n) => n.op === 'Conv').map((n) => attrInt(n, 'group', 1));

describe('the gradient of a convolution’s kernel', () => {
  const wide = { n: 3, inputs: 2, outputs: 3, extents: [9, 11], kernel: [3, 2] };
  it.each<[string, Layer]>([
    ['padded on one side more than on the other', { ...wide, before: [1, 0], after: [0, 2] }],
    ['with strides that leave rows and columns over', { ...wide, strides: [3, 2] }],
    ['dilated', { ...wide, dilations: [2, 3], before: [2, 1] }],
    ['dilated, with strides and groups', { ...wide, group: 2, dilations: [1, 2], strides: [2, 2], before: [1, 1] }],
    ['depthwise', { ...wide, inputs: 1, outputs: 1, group: 4, before: [1, 1] }],
    ['along a line', { ...wide, extents: [40], kernel: [5], strides: [2], before: [2] }],
    ['in space', { ...wide, extents: [5, 6, 4], kernel: [2, 3, 2], strides: [1, 2, 1], before: [0, 1, 1] }],
    ['where windows see nothing but padding', { ...wide, before: [5, 4] }],
    ['of one picture', { ...wide, n: 1 }],
  ])('is summed over a product for each image where images are large: %s', async (_, layer) => {
    expect(groupsOf(await compare(layer))).toEqual([layer.n * (layer.group ?? 1)]);
  });

  const narrow = { n: 5, inputs: 20, outputs: 24, extents: [4, 3], kernel: [3, 3], before: [1, 1] };
  it.each<[string, Layer]>([
    ['padded', narrow],
    ['with strides', { ...narrow, strides: [2, 2] }],
    ['with groups', { ...narrow, inputs: 18, outputs: 14, group: 3 }],
    ['dilated', { ...narrow, dilations: [1, 2], before: [1, 2] }],
    ['one position', { ...narrow, extents: [1, 1], kernel: [1, 1], before: [0, 0] }],
    ['along a line', { ...narrow, extents: [6], kernel: [5], before: [2] }],
  ])('is one product for the whole batch where images are small: %s', async (_, layer) => {
    expect(groupsOf(await compare(layer))).toEqual([layer.group ?? 1]);
  });

  const pointwise = { n: 3, inputs: 4, outputs: 5, extents: [6, 5], kernel: [1, 1] };
  it.each<[string, Layer]>([
    ['everywhere', pointwise],
    ['with strides', { ...pointwise, strides: [2, 3] }],
    ['with groups', { ...pointwise, group: 3 }],
    ['along a line', { ...pointwise, extents: [30], kernel: [1], strides: [4] }],
    ['in space', { ...pointwise, extents: [3, 4, 5], kernel: [1, 1, 1] }],
  ])('gathers nothing for a kernel of one position: %s', async (_, layer) => {
    const graph = await compare(layer);
    expect(groupsOf(graph)).toEqual([]);
  });

  it('adds the zeros around an image to a kernel of one position as to any other', async () => {
    expect(groupsOf(await compare({ ...pointwise, before: [1, 2] }))).toEqual([3]);
  });
});

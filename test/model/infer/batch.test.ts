/** Several batches: each its own where the network allows it, in any writing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../../src/engine/index.ts';
import {
  type Dim,
  encodeModel,
  findCuts,
  type Graph,
  GraphBuilder,
  inferBatchShapes,
  parseModel,
  split,
  type Tensors,
} from '../../../src/model/index.ts';
import { prepare } from '../../../src/model/prepare.ts';
import { createRandom } from '../../../src/random.ts';
import { randomTensor } from '../../support/networks.ts';
import { runGraph } from '../support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const random = createRandom(7);

/** Two towers whose scores are reshaped by the length of the second, as exporters write it. */
function towers(image: Dim, text: Dim): Graph {
  const b = new GraphBuilder();
  const [p, t] = [b.input('pixel', 'float32', [image, 6]), b.input('text', 'float32', [text, 5])];
  const i = b.op('Relu', [b.op('MatMul', [p, b.initializer(randomTensor([6, 4], random))])], {}, 'ri');
  const j = b.op('Relu', [b.op('MatMul', [t, b.initializer(randomTensor([5, 4], random))], {}, 'ft')], {}, 'rt');
  const scores = b.op('MatMul', [i, b.op('Transpose', [j], { perm: [1, 0] })], {}, 'scores');
  const flat = b.op('Reshape', [scores, b.constant([-1], 'int64')], {}, 'flat');
  const width = b.op('Slice', [b.op('Shape', ['ft']), b.constant([0], 'int64'), b.constant([1], 'int64')]);
  const target = b.op('Concat', [b.constant([-1], 'int64'), width], { axis: 0 });
  b.output(b.op('Reshape', [flat, target], {}, 'y'));
  return b.build();
}

const feedsFor = (graph: Graph, numbers: readonly number[]): Tensors =>
  Object.fromEntries(
    graph.inputs.map((v, i) => [
      v.name,
      randomTensor([numbers[i]!, ...(v.shape.slice(1) as number[])], createRandom(i)),
    ]),
  );

/** Head and tail as files, for these batches, against the whole. */
async function holds(graph: Graph, ...batches: readonly number[][]): Promise<void> {
  const cuts = findCuts(await prepare(graph, engine));
  const open = await inferBatchShapes(graph, engine);
  let halves = 0;
  for (const cut of cuts) {
    const { head, tail } = split(open, cut);
    for (const numbers of batches) {
      const feeds = feedsFor(graph, numbers);
      const whole = await runGraph(engine, graph, feeds);
      const sent = await runGraph(engine, parseModel(encodeModel(head)), feeds);
      expect(await runGraph(engine, parseModel(encodeModel(tail)), sent), `${cut.id} at ${numbers}`).toEqual(whole);
      halves++;
    }
  }
  expect(halves).toBeGreaterThan(batches.length);
}

describe('two independent batches', () => {
  it.each<[string, Dim, Dim, string]>([
    ['by name', 'image_batch', 'text_batch', 'image_batch*text_batch'],
    ['without names', '', '', 'pixel_batch*text_batch'],
    ['one of them without', 'n', '', 'n*batch'],
    ['by names that would not stand in a formula', 'image batch', 'text-batch', 'image_batch*text_batch'],
    ['by names of object prototypes', '__proto__', 'constructor', '__proto__*constructor'],
  ])('%s', async (_, image, text, product) => {
    const graph = towers(image, text);
    expect((await inferBatchShapes(graph, engine)).values.get('flat')?.shape).toEqual([product]);
    // What reads the length of a text alone cannot be told from an image: such a cut has no halves for any batch.
    await holds(withoutFlat(graph), [1, 3], [3, 1], [2, 2]);
  });

  it('one that is a multiple of the other is no batch of its own', async () => {
    const b = new GraphBuilder();
    const two = b.op('Relu', [b.input('two', 'float32', ['2*batch', 4])], {}, 'r');
    const pairs = b.op('Reshape', [two, b.constant([-1, 8], 'int64')], {}, 'pairs');
    b.output(b.op('Concat', [b.input('one', 'float32', ['batch', 3]), pairs], { axis: 1 }, 'y'));
    const graph = b.build();
    const open = await inferBatchShapes(graph, engine);
    expect([...open.values].map(([name, v]) => [name, v.shape])).toEqual([
      ['r', ['2*batch', 4]],
      ['pairs', ['batch', 8]],
      ['y', ['batch', 11]],
    ]);
    expect((await prepare(graph, engine)).inputs.map((v) => v.shape)).toEqual([
      [2, 4],
      [1, 3],
    ]);
    await holds(graph, [4, 2], [6, 3]);
  });

  it('that must be equal are found to be one, whatever they are called', async () => {
    for (const [first, second] of [
      ['a', 'b'],
      ['', ''],
    ] as const) {
      const b = new GraphBuilder();
      const sum = b.op('Add', [b.input('x', 'float32', [first, 4]), b.input('z', 'float32', [second, 4])], {}, 'sum');
      b.output(b.op('Relu', [sum], {}, 'y'));
      const graph = b.build();
      const open = await inferBatchShapes(graph, engine);
      const [x, z] = open.inputs.map((v) => v.shape[0]);
      expect(x).toBe(z);
      expect(open.values.get('y')?.shape).toEqual([x, 4]);
      await holds(graph, [1, 1], [3, 3]);
    }
  });

  it('of three inputs, the two that belong together stay together and the third apart', async () => {
    const b = new GraphBuilder();
    const both = b.op('Add', [b.input('image', 'float32', ['', 4]), b.input('mask', 'float32', ['', 4])], {}, 'both');
    const words = b.op('Relu', [b.input('text', 'float32', ['', 4])], {}, 'words');
    b.output(b.op('MatMul', [both, b.op('Transpose', [words], { perm: [1, 0] }, 'turned')], {}, 'y'));
    const graph = b.build();
    const open = await inferBatchShapes(graph, engine);
    const [image, mask, text] = open.inputs.map((v) => v.shape[0]);
    expect(image).toBe(mask);
    expect(text).not.toBe(image);
    expect(open.values.get('y')?.shape).toEqual([image, text]);
    await holds(graph, [2, 2, 5], [4, 4, 1]);
  });
});

/** The towers with the scores as they are: flat, they leave nothing that tells the two lengths apart. */
function withoutFlat(graph: Graph): Graph {
  const nodes = graph.nodes.filter((n) => n.outputs[0] !== 'flat');
  return { ...graph, nodes: nodes.map((n) => ({ ...n, inputs: n.inputs.map((i) => (i === 'flat' ? 'scores' : i)) })) };
}

it('a length that is a sum with a batch is told as one, and rebuilt from it', async () => {
  const b = new GraphBuilder();
  const x = b.op('Relu', [b.input('x', 'float32', ['n', 3])], {}, 'r');
  const more = b.op('Concat', [x, b.initializer(randomTensor([2, 3], random))], { axis: 0 }, 'more');
  const early = b.op('Transpose', [more], { perm: [1, 0] }, 'early');
  const exp = b.op('Exp', [early], {}, 'exp');
  b.output(b.op('Reshape', [exp, b.op('Shape', [more])], {}, 'y'));
  const graph = b.build();
  expect((await inferBatchShapes(graph, engine)).values.get('early')?.shape).toEqual([3, 'n+2']);
  await holds(graph, [1], [4]);
});

it('a network that works with no other batch says so', async () => {
  const b = new GraphBuilder();
  b.output(b.op('Reshape', [b.input('x', 'float32', ['n', 4]), b.constant([1, 4], 'int64')], {}, 'y'));
  await expect(inferBatchShapes(b.build(), engine)).rejects.toMatchObject({
    code: 'ENGINE_RUN',
    message: expect.stringContaining('node y (Reshape)'),
  });
});

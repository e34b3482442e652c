import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { asFloat32, findCuts, inferBatchShapes, inferShapes, loadModel, split } from '../../src/model/index.ts';
import { prepare } from '../../src/model/prepare.ts';
import { createRandom } from '../../src/random.ts';
import { Layers, networks, randomTensor } from '../support/networks.ts';
import { runGraph, runSplit } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const all = Object.entries(networks);

describe.each(all)('%s', (_, { build, input }) => {
  test('every cut splits exactly, and within 1e-5 when optimised', async () => {
    const graph = await inferShapes(build(), engine);
    const feeds = { input: randomTensor([1, ...input], createRandom(3)) };
    const whole = await runGraph(engine, graph, feeds);
    const fast = asFloat32((await runGraph(engine, graph, feeds, 'all')).output);
    for (const cut of findCuts(graph)) {
      expect(await runSplit(engine, graph, cut, feeds), cut.id).toEqual(whole);
      const halves = asFloat32((await runSplit(engine, graph, cut, feeds, 'all')).output);
      const scale = Math.max(...fast.map(Math.abs));
      expect(Math.max(...halves.map((v, i) => Math.abs(v - fast[i]!))) / scale, cut.id).toBeLessThan(1e-5);
    }
  });

  test('halves of a model with a symbolic batch take any batch', async () => {
    const graph = build({ batch: 'batch' });
    const cuts = findCuts(await prepare(graph, engine));
    const symbolic = await inferBatchShapes(graph, engine);
    for (const n of [1, 4]) {
      const feeds = { input: randomTensor([n, ...input], createRandom(n)) };
      const whole = await runGraph(engine, graph, feeds);
      for (const cut of cuts) expect(await runSplit(engine, symbolic, cut, feeds), cut.id).toEqual(whole);
    }
  });

  test('inferred shapes are the shapes found when running', async () => {
    const graph = await inferShapes(build(), engine);
    const names = [...graph.values.keys()];
    const outputs = names.map((name) => ({ name, dtype: 'float32' as const, shape: [], unknown: 'type' as const }));
    const found = await runGraph(
      engine,
      { ...graph, outputs },
      { input: randomTensor([1, ...input], createRandom(1)) },
    );
    for (const name of names) {
      const { dtype, shape } = found[name]!;
      expect(graph.values.get(name), name).toEqual({ name, dtype, shape });
    }
  });
});

test.for(['lenet-mnist', 'cifar10cnn'])('the reference network %s splits exactly at every cut', async (name, ctx) => {
  const path = join(process.env.CUTLINE_SHARED ?? '../shared', 'models', `${name}.onnx`);
  if (!existsSync(path)) {
    console.warn(`skipped: ${path} is not there; set CUTLINE_SHARED`);
    ctx.skip('no shared models');
  }
  const graph = await prepare(await loadModel(path), engine);
  const shape = graph.inputs[0]!.shape as number[];
  const feeds = { input: randomTensor(shape, createRandom(5)) };
  const whole = await runGraph(engine, graph, feeds);
  for (const cut of findCuts(graph)) expect(await runSplit(engine, graph, cut, feeds), cut.id).toEqual(whole);
});

test('an output that comes before the cut travels with it', async () => {
  const n = new Layers({}, 3, 8);
  const x = n.relu('early', n.conv('conv', 'input', 3, 4, 3));
  const graph = await inferShapes(n.finish('early', n.relu('late', n.conv('conv2', x, 4, 4, 3))), engine);
  const cuts = findCuts(graph);
  const feeds = { input: randomTensor([1, 3, 8, 8], createRandom(1)) };
  const whole = await runGraph(engine, graph, feeds);
  expect(cuts.map((c) => c.id)).toEqual(['input', 'conv', 'early', 'output']);
  for (const cut of cuts) expect(await runSplit(engine, graph, cut, feeds), cut.id).toEqual(whole);
});

test('the head of `input` and the tail of `output` hand on what they get', async () => {
  const graph = await inferShapes(networks.chain.build(), engine);
  const [first, last] = [findCuts(graph)[0]!, findCuts(graph).at(-1)!];
  expect(split(graph, first).head.nodes).toEqual([]);
  expect(split(graph, last).tail.nodes).toEqual([]);
});

test('each half carries only its own weights', async () => {
  const graph = await inferShapes(networks.chain.build(), engine);
  const { head, tail } = split(graph, { tensors: [{ name: 'ReLU1' }] });
  expect([...head.initializers.keys()]).toEqual(['conv1.weight', 'conv1.bias']);
  expect([...tail.initializers.keys()]).not.toContain('conv1.weight');
});

test('tensors that do not separate the inputs from the outputs are refused', async () => {
  const graph = await inferShapes(networks.residual.build(), engine);
  expect(() => split(graph, { tensors: [{ name: 'b_relu1' }] })).toThrowError(/still needs input/);
});

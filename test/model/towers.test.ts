/** Cuts of models with several inputs: which there are, that they split, and what each has to do with the inputs. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import {
  type Cut,
  cutInputs,
  findCuts,
  type Graph,
  GraphBuilder,
  inferShapes,
  inputsBehind,
  pictureInput,
  reads,
  split,
  type Tensors,
  towerOf,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';
import { clip, detector, siamese, vad } from '../support/several-inputs.ts';
import { runGraph, runSplit } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const inputs = ['p', 'q', 'r'] as const;
const steps = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('Add', 'Mul', 'Neg', 'Tanh')), {
  minLength: 2,
  maxLength: 14,
});

/** Of three inputs; node i reads one or two of the tensors before it, what nobody reads is an output. */
function dag(list: readonly (readonly [number, number, string])[], window: number): Graph {
  const b = new GraphBuilder(17);
  const made = inputs.map((name) => b.input(name, 'float32', [1, 4]));
  const unread = new Set<string>();
  for (const [p, q, op] of list) {
    const near = made.slice(-window);
    const from = [near[p % near.length]!, near[q % near.length]!].slice(0, op === 'Add' || op === 'Mul' ? 2 : 1);
    const out = b.op(op, from, {}, `t${made.length}`);
    for (const i of from) unread.delete(i);
    unread.add(out);
    made.push(out);
  }
  for (const o of unread) b.output(o, 'float32', [1, 4]);
  return b.build();
}

/** Can data get from these inputs to an output without these tensors? */
function connected(graph: Graph, from: readonly string[], without: readonly string[]): boolean {
  const reached = new Set(from.filter((x) => !without.includes(x)));
  for (const n of graph.nodes) {
    if (reads(n).some((i) => reached.has(i))) for (const o of n.outputs) if (!without.includes(o)) reached.add(o);
  }
  return graph.outputs.some((o) => reached.has(o.name));
}

const namesOf = (cut: Cut) => cut.tensors.map((t) => t.name);
const feeds = (seed: number): Tensors =>
  Object.fromEntries(inputs.map((name, i) => [name, randomTensor([1, 4], createRandom(seed + i))]));
const anyDag = async (use: (graph: Graph) => Promise<void> | void, numRuns: number) =>
  fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 3, max: 6 }), async (list, window) => {
      await use(await inferShapes(dag(list, window), engine));
    }),
    { numRuns },
  );

describe('of any graph of three inputs', () => {
  it('every cut splits exactly', () =>
    anyDag(async (graph) => {
      const x = feeds(1);
      const session = await engine.load(graph, { optimization: 'disabled' });
      const whole = await session.run(Object.fromEntries(session.inputs.map(({ name }) => [name, x[name]!])));
      await session.close();
      const cuts = findCuts(graph, { along: 'p' });
      expect(new Set(cuts.map((c) => c.id)).size).toBe(cuts.length);
      for (const cut of cuts) expect(await runSplit(engine, graph, cut, x), cut.id).toEqual(whole);
    }, 40));

  it('every tensor that separates the input from the outputs is in a cut where nothing else tells of it', () =>
    anyDag((graph) => {
      const behind = inputsBehind(graph);
      const cuts = findCuts(graph, { along: 'p' });
      const live = connected(graph, ['p'], []);
      const separating = graph.nodes
        .flatMap((n) => n.outputs)
        .filter((t) => live && behind(t).includes('p') && !connected(graph, ['p'], [t]));
      const telling = cuts.map((c) => namesOf(c).filter((name) => behind(name).includes('p')));
      for (const t of separating) expect(telling.map((list) => list.join())).toContain(t);
    }, 100));

  it('what is said of a cut and the inputs is what its head reads', () =>
    anyDag((graph) => {
      const behind = inputsBehind(graph);
      for (const cut of findCuts(graph, { along: 'p' })) {
        const { needs, whole, fix } = cutInputs(cut.tensors, graph.inputs, behind, 'p');
        const { head } = split(graph, cut);
        const read = new Set(head.nodes.flatMap(reads));
        expect(needs).toEqual(inputs.filter((name) => read.has(name)));
        expect(whole).toEqual(inputs.filter((name) => namesOf(cut).includes(name)));
        if (fix === null) continue;
        // What tells of p, in a head of its own, reads p and what is to be fixed, and nothing else.
        const telling = cut.tensors.filter((t) => behind(t.name).includes('p'));
        const own = split({ ...graph, outputs: telling }, { tensors: telling }).head;
        expect(own.inputs.map((v) => v.name)).toEqual(inputs.filter((name) => name === 'p' || fix.includes(name)));
      }
    }, 60));

  it('the tower of one ends where the others come in, and is cut by whatever tells of it alone', () =>
    anyDag(async (graph) => {
      if (!connected(graph, ['p'], [])) return;
      const tower = await inferShapes(towerOf(graph, 'p'), engine);
      expect(tower.inputs.map((v) => v.name)).toEqual(['p']);
      const x = { p: feeds(2).p! };
      const behind = inputsBehind(graph);
      const outputs = tower.outputs.map((v) => v.name);
      expect(outputs.every((name) => behind(name).join() === 'p')).toBe(true);
      if (outputs.includes('p')) return;
      const whole = await runGraph(engine, tower, x);
      for (const cut of findCuts(graph, { along: 'p' })) {
        if (cutInputs(cut.tensors, graph.inputs, behind, 'p').fix?.length !== 0) continue;
        const telling = { tensors: cut.tensors.filter((t) => behind(t.name).includes('p')) };
        expect(await runSplit(engine, tower, telling, x), cut.id).toEqual(whole);
      }
    }, 40));
});

describe('the picture', () => {
  it('is the only input that looks like one', () => {
    expect(pictureInput(clip())).toBe('input');
    expect(pictureInput(detector())).toBe('input');
    expect(pictureInput(vad())).toBeUndefined();
    expect(pictureInput(siamese())).toBeUndefined();
  });

  it('has its tower cut while what is beside it crosses whole', async () => {
    const graph = await inferShapes(detector(), engine);
    const cuts = findCuts(graph);
    const beside = ['im_shape', 'scale_factor'];
    for (const name of ['conv1', 'relu1', 'conv2', 'relu2', 'gap', 'flat']) {
      const cut = cuts.find((c) => namesOf(c).join() === [...beside, name].join())!;
      const said = cutInputs(cut.tensors, graph.inputs, inputsBehind(graph), 'input');
      expect(said).toEqual({ needs: ['input'], whole: beside, fix: [] });
    }
    const all = cuts.at(-1)!;
    expect(cutInputs(all.tensors, graph.inputs, inputsBehind(graph), 'input').fix).toEqual(beside);
    // Depth and MACs grow together.
    const macs = cuts.filter((c) => namesOf(c).includes('im_shape')).map((c) => c.headMacs);
    expect(macs).toEqual([...macs].sort((a, b) => a - b));
  });

  it('is sent together with an answer that the device has made on the way', async () => {
    const b = new GraphBuilder();
    for (const name of ['p', 'q']) b.input(name, 'float32', [1, 4]);
    b.output(b.op('Tanh', ['q'], {}, 'answer'), 'float32', [1, 4]);
    b.output(b.op('Neg', [b.op('Add', ['p', 'answer'], {}, 'sum')], {}, 'y'), 'float32', [1, 4]);
    const graph = await inferShapes(b.build(), engine);
    const cut = findCuts(graph, { along: 'p' }).find((c) => namesOf(c).includes('sum'))!;
    expect(namesOf(cut)).toEqual(['answer', 'sum']);
    const { p, q } = feeds(3);
    expect(await runSplit(engine, graph, cut, { p: p!, q: q! })).toEqual(
      await runGraph(engine, graph, { p: p!, q: q! }),
    );
  });
});

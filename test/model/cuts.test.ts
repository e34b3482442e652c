import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import {
  cost,
  cutOrder,
  findCuts,
  type Graph,
  GraphBuilder,
  inferShapes,
  reads,
  resolveCut,
} from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { networks, randomTensor } from '../support/networks.ts';
import { runGraph, runSplit } from './support.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Node i reads one or two of the tensors before it; what nobody reads is an output. */
const anyDag = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('Add', 'Mul', 'Neg', 'Tanh')), {
  minLength: 1,
  maxLength: 14,
});

function dag(steps: readonly (readonly [number, number, string])[], window: number): Graph {
  const b = new GraphBuilder(17);
  const made = [b.input('x', 'float32', [1, 4])];
  const unread = new Set<string>();
  for (const [p, q, op] of steps) {
    const near = made.slice(-window);
    const inputs = [near[p % near.length]!, near[q % near.length]!].slice(0, op === 'Add' || op === 'Mul' ? 2 : 1);
    const out = b.op(op, inputs, {}, `t${made.length}`);
    for (const i of inputs) unread.delete(i);
    unread.add(out);
    made.push(out);
  }
  for (const o of unread) b.output(o, 'float32', [1, 4]);
  return b.build();
}

/** Can data get from the input to an output without these tensors? */
function connected(graph: Graph, without: ReadonlySet<string>): boolean {
  const reached = new Set(['x'].filter((x) => !without.has(x)));
  for (const n of graph.nodes) {
    if (reads(n).some((i) => reached.has(i))) for (const o of n.outputs) if (!without.has(o)) reached.add(o);
  }
  return graph.outputs.some((o) => reached.has(o.name));
}

test('of any graph, exactly the tensors that separate inputs from outputs are single-tensor cuts', async () => {
  await fc.assert(
    fc.asyncProperty(anyDag, fc.integer({ min: 2, max: 5 }), async (steps, window) => {
      const graph = await inferShapes(dag(steps, window), engine);
      const tensors = ['x', ...graph.nodes.flatMap((n) => n.outputs)];
      const truth = tensors.filter((t) => !connected(graph, new Set([t])));
      const found = findCuts(graph)
        .filter((c) => c.tensors.length === 1)
        .map((c) => c.tensors[0]!.name);
      expect(found).toEqual(truth);
    }),
    { numRuns: 60 },
  );
});

test('of any graph, every cut found splits exactly and no part of it is a cut', async () => {
  await fc.assert(
    fc.asyncProperty(anyDag, fc.integer({ min: 2, max: 5 }), async (steps, window) => {
      const graph = await inferShapes(dag(steps, window), engine);
      const feeds = { x: randomTensor([1, 4], createRandom(1)) };
      const whole = await runGraph(engine, graph, feeds);
      const cuts = findCuts(graph, { maxTensors: 4 });
      expect(new Set(cuts.map((c) => c.id)).size).toBe(cuts.length);
      for (const cut of cuts) {
        expect(await runSplit(engine, graph, cut, feeds), cut.id).toEqual(whole);
        const names = cut.tensors.map((t) => t.name);
        if (names.length === 1 || cut.id === 'output') continue;
        for (const one of names) expect(connected(graph, new Set(names.filter((n) => n !== one)))).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

const idsOf = async (graph: Graph) => findCuts(await inferShapes(graph, engine)).map((c) => c.id);

test('a chain is cut after every node', async () => {
  const ids = ['input', 'conv1', 'ReLU1', 'pool1', 'conv2', 'ReLU2', 'pool2', 'flat', 'fc1', 'fc1act', 'output'];
  expect(await idsOf(networks.chain.build())).toEqual(ids);
});

test('a skip that stands still makes no cut of its own; a projected one makes a pair', async () => {
  const ids = await idsOf(networks.residual.build());
  expect(ids).not.toContain('a_conv1');
  expect(ids).toContain('a_add');
  expect(ids.filter((id) => id.includes('+'))).toEqual(['b_down_bn+b_relu1']);
});

test('parallel branches are cut together', async () => {
  expect(await idsOf(networks.branching.build())).toContain('left_relu+right_relu1');
});

test('shape arithmetic and constants are never sent', async () => {
  const graph = await inferShapes(networks.transformer.build(), engine);
  for (const cut of findCuts(graph)) for (const t of cut.tensors) expect(t.dtype).toBe('float32');
  expect(findCuts(graph).map((c) => c.id)).toEqual(expect.arrayContaining(['patch', 'with_cls', 'res1', 'token']));
});

test('cuts go round an If, not through it', async () => {
  const ids = await idsOf(networks.conditional.build());
  expect(ids).toEqual(expect.arrayContaining(['relu0', 'choose', 'last']));
  expect(ids.join()).not.toContain('then_out');
});

test('head and tail add up to the whole, and depth only grows', async () => {
  for (const { build } of Object.values(networks)) {
    const graph = await inferShapes(build(), engine);
    const { macs, parameters } = cost(graph);
    const cuts = findCuts(graph);
    for (const c of cuts) {
      expect(c.headMacs + c.tailMacs).toBe(macs);
      expect(c.headParameters + c.tailParameters).toBe(parameters);
    }
    const singles = cuts.filter((c) => c.tensors.length === 1).map((c) => c.headMacs);
    expect(singles).toEqual([...singles].sort((a, b) => a - b));
  }
});

test('MACs and parameters of LeNet are those counted by hand', async () => {
  const { macs, parameters } = cost(await inferShapes(networks.chain.build(), engine));
  expect(macs).toBe(28 * 28 * 4 * 25 + 14 * 14 * 8 * 4 * 25 + 392 * 24 + 24 * 10);
  expect(parameters).toBe(4 * 25 + 4 + 8 * 4 * 25 + 8 + 392 * 24 + 24 + 240 + 10);
});

test('thousands of nodes take less than two seconds', async () => {
  const b = new GraphBuilder(17);
  let x = b.input('x', 'float32', [1, 4]);
  for (let i = 0; i < 1500; i++) x = b.op('Add', [b.op('Tanh', [x]), b.op('Neg', [x])]);
  b.output(x, 'float32', [1, 4]);
  const graph = await inferShapes(b.build(), engine);
  // Of the processor's time: a machine with other work to do is no fault of ours.
  const before = process.cpuUsage();
  expect(findCuts(graph).length).toBeGreaterThan(1500);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(2000);
});

test('a missing cut names the near ones; tensor names and the order of a pair do not matter', async () => {
  const graph = await inferShapes(networks.residual.build(), engine);
  const cuts = findCuts(graph);
  expect(() => resolveCut(cuts, 'relu1')).toThrowError(/relu0/);
  expect(resolveCut(cuts, 'b_relu1+b_down_bn').id).toBe('b_down_bn+b_relu1');
  expect(resolveCut(cuts, 'flat', graph).id).toBe('flat');
});

test('of two cuts, the one that the other follows from says so', async () => {
  await fc.assert(
    fc.asyncProperty(anyDag, fc.integer({ min: 2, max: 5 }), async (steps, window) => {
      const graph = await inferShapes(dag(steps, window), engine);
      const cuts = findCuts(graph);
      const follows = cutOrder(graph);
      for (const a of cuts) {
        expect(follows(a, a)).toBe(true);
        expect(follows(cuts[0]!, a)).toBe(true);
        // Every cut separates inputs from outputs, so the outputs follow from all of them.
        expect(follows(a, cuts.at(-1)!)).toBe(true);
        for (const b of cuts) {
          // What is left to reach b without a: nothing, exactly if b follows from a.
          const without = new Set(a.tensors.map((t) => t.name));
          const reached = new Set(['x'].filter((x) => !without.has(x)));
          for (const n of graph.nodes) {
            if (reads(n).some((i) => reached.has(i))) for (const o of n.outputs) if (!without.has(o)) reached.add(o);
          }
          expect(follows(a, b)).toBe(b.tensors.every((t) => !reached.has(t.name)));
        }
      }
    }),
    { numRuns: 40 },
  );
});

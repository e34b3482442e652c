/** What an engine refuses of a gradient graph is told by the names of the model, without the engine's words. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadGradient, proveGradient, vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import type { CutlineError } from '../../src/errors.ts';
import { type Graph, GraphBuilder, inferShapes, type Node } from '../../src/model/index.ts';
import { createRandom } from '../../src/random.ts';
import { randomTensor } from '../support/networks.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** conv → tanh → softplus, differentiated. */
async function gradient(): Promise<Graph> {
  const b = new GraphBuilder(17);
  const x = b.input('x', 'float32', [1, 2, 6, 6]);
  const weights = b.initializer(randomTensor([4, 2, 3, 3], createRandom(1), 1));
  const conv = b.op('Conv', [x, weights], {}, 'conv');
  b.output(b.op('Softplus', [b.op('Tanh', [conv], {}, 'tanh')], {}, 'plus'));
  return vectorJacobianGraph(await inferShapes(b.build(), engine));
}

/** The graph with the nodes that a rule wrote changed. */
const tampered = (graph: Graph, rule: string, op: string, change: (node: Node) => Node): Graph => {
  const nodes = graph.nodes.map((n) => (n.name.startsWith(`gradient of ${rule} `) && n.op === op ? change(n) : n));
  expect(nodes).not.toEqual(graph.nodes);
  return { ...graph, nodes };
};

async function refusal(work: Promise<unknown>): Promise<CutlineError> {
  return work.then(
    () => expect.unreachable('it is not refused'),
    (error: unknown) => error as CutlineError,
  );
}

describe('a gradient graph', () => {
  it('is loaded, run and compared with what it declares', async () => {
    await proveGradient(engine, await gradient());
  });

  it('that the engine does not load names the node, its operator and what the rule wrote', async () => {
    const graph = tampered(await gradient(), 'Tanh', 'Mul', (n) => ({ ...n, op: 'And' }));
    for (const work of [loadGradient(engine, graph), proveGradient(engine, graph)]) {
      const error = await refusal(work);
      expect(error).toMatchObject({
        code: 'GRADIENT_REFUSED',
        details: { node: 'tanh', op: 'Tanh', problem: 'the engine does not take the And that its rule writes' },
      });
      expect(error.message).not.toMatch(/tensor\(float\)|onnxruntime|Type Error/);
    }
  });

  it('that fails when it runs does so too, in a run and in a loop', async () => {
    const wide = tampered(await gradient(), 'Tanh', 'Mul', (n) => ({
      ...n,
      op: 'Gather',
      inputs: [n.inputs[0]!, 'far'],
    }));
    const far = { dtype: 'int64', shape: [4], data: BigInt64Array.of(99n, 99n, 99n, 99n) } as const;
    const graph = { ...wide, initializers: new Map([...wide.initializers, ['far', far]]) };
    const session = await loadGradient(engine, graph);
    const feeds = {
      x: randomTensor([1, 2, 6, 6], createRandom(2), 1),
      'cotangent:plus': randomTensor([1, 4, 4, 4], createRandom(3), 1),
    };
    const loop = () => session.loop(feeds, { steps: 2, carry: { 'gradient:x': 'x' } });
    for (const work of [() => session.run(feeds), loop]) {
      const details = { node: 'tanh', op: 'Tanh', problem: 'the Gather that its rule writes fails when it runs' };
      expect(await refusal(work())).toMatchObject({ code: 'GRADIENT_REFUSED', details });
    }
    await session.close();
  });

  it('that makes another shape than it declares names the input and what was wrong', async () => {
    const graph = await gradient();
    const outputs = graph.outputs.map((v) => ({ ...v, shape: [1, 2, 6, 5] }));
    expect(await refusal(proveGradient(engine, { ...graph, outputs }))).toMatchObject({
      code: 'GRADIENT_REFUSED',
      details: { node: 'conv', op: 'Conv' },
    });
  });

  it('is explained whatever its nodes are called: one named alloc does not lack memory', async () => {
    const graph = tampered(await gradient(), 'Tanh', 'Mul', (n) => ({ ...n, name: `${n.name} alloc`, op: 'And' }));
    expect(await refusal(engine.load(graph))).toMatchObject({
      code: 'ENGINE_LOAD',
      details: { problem: expect.stringContaining('alloc') },
    });
    expect(await refusal(loadGradient(engine, graph))).toMatchObject({
      code: 'GRADIENT_REFUSED',
      details: { node: 'tanh', op: 'Tanh' },
    });
  });

  it('leaves errors that are not about the graph as they are', async () => {
    const session = await loadGradient(engine, await gradient());
    await session.close();
    expect(await refusal(session.run({}))).toMatchObject({ code: 'ENGINE_CLOSED' });
  });
});

describe('a recurrence with an operand of another shape than its cell takes', () => {
  const weights = { x: [4, 1, 3], w: [1, 6, 3], r: [1, 6, 2] };

  it.each([
    ['R', { r: [1, 6, 2, 1] }],
    ['R', { r: [1, 5, 2] }],
    ['W', { w: [6, 3] }],
    ['X', { x: [4, 3] }],
  ])('is refused by node and operand: %s %j', (operand, change) => {
    const b = new GraphBuilder(17);
    const { x, w, r } = { ...weights, ...change };
    const inputs = Object.entries({ x, w, r }).map(([name, shape]) => b.input(name, 'float32', shape));
    b.ops('GRU', inputs, { hidden_size: 2 }, ['', 'y']);
    b.output('y', 'float32', [1, 1, 2]);
    const head = { ...b.build(), values: new Map([['y', { name: 'y', dtype: 'float32', shape: [1, 1, 2] } as const]]) };
    const message = expect.stringMatching(new RegExp(`node \\S+ \\(GRU\\) takes ${operand} \\[.*\\], not \\[`));
    expect(() => vectorJacobianGraph(head)).toThrow(expect.objectContaining({ code: 'ENGINE_RUN', message }));
  });
});

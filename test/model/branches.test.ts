/** Conditionals about shapes, as exporters write them, and what becomes of them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { vectorJacobianGraph } from '../../src/autodiff/index.ts';
import { createEngine, type Engine } from '../../src/engine/index.ts';
import { takeBranches } from '../../src/model/branches.ts';
import { float32, foldConstants, type Graph, GraphBuilder, inferShapes, int64, scalar } from '../../src/model/index.ts';
import { difference, numbers } from '../support/compare.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** As torch.squeeze with an axis whose extent the exporter did not know: If(shape[axis] == 1, …, Identity), twice over. */
function squeezedIfOne(extent: number) {
  const b = new GraphBuilder(17);
  const x = b.input('x', 'float32', [2, extent, 3]);
  const one = b.initializer(int64([1], []));
  const choose = (input: string, output: string) => {
    const n = b.op('Gather', [b.op('Shape', [x]), one], { axis: 0 });
    const branch = (name: string, write: (inner: GraphBuilder) => void) => {
      const inner = new GraphBuilder(17);
      write(inner);
      return { type: 'graph', value: inner.build(name) } as const;
    };
    const then_branch = branch('then', (inner) => {
      const rows = inner.initializer(int64([2, -1]), `${output}_rows`);
      const flat = inner.op('Reshape', [input, rows], {}, `${output}_flat`);
      inner.output(inner.op('Exp', [flat], {}, `${output}_then`));
    });
    const else_branch = branch('else', (inner) => inner.output(inner.op('Identity', [input], {}, `${output}_else`)));
    return b.op('If', [b.op('Equal', [n, one])], { then_branch, else_branch }, output);
  };
  const y = choose(x, 'y');
  b.output(b.op('Mul', [choose(y, 'z'), b.initializer(scalar(3))], {}, 'out'));
  return b.build();
}

it.each([
  [1, [2, 3]],
  [4, [2, 4, 3]],
])('the branch that a shape decides takes the place of the conditional, at extent %i', async (extent, shape) => {
  const graph = await inferShapes(squeezedIfOne(extent), engine);
  const folded = await foldConstants(graph, engine);
  expect(folded.nodes.map((n) => n.op)).not.toContain('If');
  expect(folded.outputs[0]!.shape).toEqual(shape);
  const x = float32(
    Array.from({ length: 6 * extent }, (_, i) => Math.sin(i)),
    [2, extent, 3],
  );
  const run = async (g: typeof graph) => {
    const session = await engine.load(g);
    const result = await session.run({ x });
    await session.close();
    return numbers(result.out!);
  };
  expect(difference(await run(folded), await run(graph))).toBe(0);
  expect(vectorJacobianGraph(folded).outputs.map((v) => v.name)).toEqual(['gradient:x']);
});

/** A branch with a conditional in it that reads what the branch made, twice over, under the same names. */
function nested(outer: boolean): Graph {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', [2, 3]);
  b.input('inner', 'bool', []);
  const branch = (name: string, write: (g: GraphBuilder) => void) => {
    const g = new GraphBuilder(17);
    write(g);
    return { type: 'graph', value: g.build(name) } as const;
  };
  const decide = (input: string, output: string) => {
    const times = (name: string, by: number) =>
      branch(name, (g) => {
        // `made` is the outer branch's, `own` the inner one's; both stand in both conditionals.
        const own = g.op('Mul', ['made', g.initializer(scalar(by), 'by')], {}, 'own');
        g.output(g.op('Add', [own, 'made'], {}, `${name}_out`));
      });
    const then_branch = branch('then', (g) => {
      g.op('Exp', [input], {}, 'made');
      const attributes = { then_branch: times('inner_then', 2), else_branch: times('inner_else', 3) };
      g.output(g.op('If', ['inner'], attributes, 'chosen'));
    });
    const else_branch = branch('else', (g) => g.output(g.op('Neg', [input], {}, 'made')));
    const condition = b.initializer({ dtype: 'bool', shape: [], data: Uint8Array.of(outer ? 1 : 0) });
    return b.op('If', [condition], { then_branch, else_branch }, output);
  };
  b.output(decide(decide('x', 'once'), 'twice'));
  return b.build();
}

it.each([true, false])(
  'a branch with conditionals of its own takes its place, and what they read is renamed',
  async (on) => {
    const graph = nested(true);
    const taken = takeBranches(graph);
    expect(taken.nodes.map((n) => n.op)).toEqual(['Exp', 'If', 'Exp', 'If']);
    const feeds = {
      x: float32([0.1, -0.2, 0.3, -0.4, 0.5, -0.6], [2, 3]),
      inner: { dtype: 'bool', shape: [], data: Uint8Array.of(on ? 1 : 0) },
    } as const;
    const run = async (g: typeof graph) => {
      const session = await engine.load(g, { optimization: 'disabled' });
      const result = await session.run(feeds);
      await session.close();
      return numbers(result.twice!);
    };
    expect(await run(taken)).toEqual(await run(graph));
    expect(takeBranches(nested(false)).nodes.map((n) => n.op)).toEqual(['Neg', 'Neg']);
  },
);

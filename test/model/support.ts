import type { Engine } from '../../src/engine/index.ts';
import { type Graph, split, type Tensors } from '../../src/model/index.ts';

export async function runGraph(
  engine: Engine,
  graph: Graph,
  feeds: Tensors,
  optimization: 'disabled' | 'all' = 'disabled',
) {
  const session = await engine.load(graph, { optimization });
  try {
    return await session.run(Object.fromEntries(session.inputs.map((v) => [v.name, feeds[v.name]!])));
  } finally {
    await session.close();
  }
}

/** Through head and then tail. */
export async function runSplit(
  engine: Engine,
  graph: Graph,
  cut: { readonly tensors: readonly { readonly name: string }[] },
  feeds: Tensors,
  optimization: 'disabled' | 'all' = 'disabled',
): Promise<Tensors> {
  const { head, tail } = split(graph, cut);
  return runGraph(engine, tail, await runGraph(engine, head, feeds, optimization), optimization);
}

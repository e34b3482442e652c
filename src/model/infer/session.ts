/** A graph that is loaded to be asked something. */
import type { Engine, Session } from '../engine.ts';
import type { Graph, ValueInfo } from '../graph.ts';

export async function withSession<T>(
  engine: Engine,
  graph: Graph,
  use: (session: Session) => T | Promise<T>,
  optimization: 'basic' | 'disabled' = 'disabled',
): Promise<T> {
  const session = await engine.load(graph, { optimization });
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

export function withOutputs(graph: Graph, names: readonly string[]): Graph {
  const outputs = names.map((name): ValueInfo => ({ name, dtype: 'float32', shape: [], unknown: 'type' }));
  return { ...graph, outputs, values: new Map() };
}

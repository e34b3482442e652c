/** What no output needs. */
import type { Graph } from './graph.ts';
import { reads } from './reads.ts';

/** The graph without nodes, initializers and known values that no output depends on. Inputs stay. */
export function prune(graph: Graph): Graph {
  const needed = new Set(graph.outputs.map((v) => v.name));
  const nodes = graph.nodes.toReversed().filter((n) => {
    if (!n.outputs.some((o) => needed.has(o))) return false;
    for (const name of reads(n)) needed.add(name);
    return true;
  });
  nodes.reverse();
  const made = new Set(nodes.flatMap((n) => n.outputs));
  const only = <T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>) =>
    new Map([...map].filter(([name]) => names.has(name)));
  const { sealed, ...rest } = graph;
  return {
    ...rest,
    nodes,
    initializers: only(graph.initializers, needed),
    values: only(graph.values, made),
    ...(sealed && { sealed: only(sealed, needed) }),
  };
}

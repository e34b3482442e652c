/** Which cuts can be computed from which: whoever sees one sees all that follow from it. */
import { dependences } from '../dependence.ts';
import type { Graph } from '../graph.ts';
import { reads } from '../reads.ts';

interface Tensors {
  readonly tensors: readonly { readonly name: string }[];
}

/**
 * Whether the second cut follows from the first: every path of data from an input of the network to a tensor of the second
 * passes a tensor of the first. A partial order up to cuts that follow from each other; `input` precedes all.
 * @param graph with shapes inferred and bound
 */
export function cutOrder(graph: Graph): (from: Tensors, to: Tensors) => boolean {
  const kinds = dependences(graph);
  const inputs = new Set(graph.inputs.map((v) => v.name));
  const sources = new Map<string, readonly string[]>();
  for (const node of graph.nodes) {
    // Shapes and constants are known to everybody.
    const data = reads(node).filter((x) => kinds.get(x) === 'data');
    for (const y of node.outputs) if (y) sources.set(y, data);
  }
  return (from, to) => {
    const seen = new Set(from.tensors.map((t) => t.name));
    const open = to.tensors.map((t) => t.name).filter((name) => !seen.has(name));
    for (const name of open) seen.add(name);
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (inputs.has(name)) return false;
      for (const x of sources.get(name) ?? []) {
        if (seen.has(x)) continue;
        seen.add(x);
        open.push(x);
      }
    }
    return true;
  };
}

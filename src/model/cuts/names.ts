/** Ids of cuts: the name of the producing node, else of the tensor; several joined by `+`. */
import type { Graph } from '../graph.ts';

/** Gives each tensor a name that no other tensor has. */
export function cutNames(graph: Graph): (tensor: string) => string {
  const nodeNames = new Map<string, number>();
  for (const n of graph.nodes) nodeNames.set(n.name, (nodeNames.get(n.name) ?? 0) + 1);
  const tensorNames = new Set(graph.nodes.flatMap((n) => n.outputs));
  const names = new Map<string, string>();
  for (const n of graph.nodes) {
    const outputs = n.outputs.filter((o) => o !== '');
    // A node name tells nothing where the node makes several tensors, and must not be mistaken for another tensor.
    const usable = n.name !== '' && nodeNames.get(n.name) === 1 && outputs.length === 1 && !reserved.has(n.name);
    if (usable && (n.name === outputs[0] || !tensorNames.has(n.name))) names.set(outputs[0]!, n.name);
  }
  return (tensor) => names.get(tensor) ?? (reserved.has(tensor) ? `tensor:${tensor}` : tensor);
}

const reserved = new Set(['input', 'output']);

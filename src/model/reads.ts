/** What a node reads: its inputs, and what the bodies of If, Loop and Scan take from around them. */
import type { Graph, Node } from './graph.ts';

/** The graphs inside a node. */
export function bodies(node: Node): Graph[] {
  const found: Graph[] = [];
  for (const a of Object.values(node.attributes)) if (a.type === 'graph') found.push(a.value);
  return found;
}

const captured = new WeakMap<Graph, readonly string[]>();

/** Names a body uses but does not define itself. */
function captures(body: Graph): readonly string[] {
  const known = captured.get(body);
  if (known) return known;
  const own = new Set([
    ...body.inputs.map((v) => v.name),
    ...body.initializers.keys(),
    ...(body.sealed?.keys() ?? []),
    ...body.nodes.flatMap((n) => n.outputs),
  ]);
  const used = [...body.nodes.flatMap(reads), ...body.outputs.map((o) => o.name)];
  const names = [...new Set(used)].filter((name) => name && !own.has(name));
  captured.set(body, names);
  return names;
}

/** Every tensor a node needs, each once, left-out optional inputs not included. */
export function reads(node: Node): string[] {
  const names = node.inputs.filter((i) => i !== '');
  for (const body of bodies(node)) names.push(...captures(body));
  return names.length > 1 ? [...new Set(names)] : names;
}

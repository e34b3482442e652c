/** Bodies of If, Loop and Scan read tensors from around them by name: what is renamed there is renamed inside. */
import type { Attribute, Graph, Node } from './graph.ts';
import { bodies } from './reads.ts';

/** The node with tensors that its bodies take from around them under their new names. Names that a body defines stay its own. */
export function renameCaptured(node: Node, names: ReadonlyMap<string, string>): Node {
  const entries = Object.entries(node.attributes);
  if (!entries.some(([, a]) => a.type === 'graph')) return node;
  const attributes = entries.map(([key, a]): [string, Attribute] => [
    key,
    a.type === 'graph' ? { type: 'graph', value: renameWithin(a.value, names) } : a,
  ]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

/** The same, with its own inputs. */
export const renameReads = (node: Node, names: ReadonlyMap<string, string>): Node => ({
  ...renameCaptured(node, names),
  inputs: node.inputs.map((name) => names.get(name) ?? name),
});

function renameWithin(body: Graph, names: ReadonlyMap<string, string>): Graph {
  const own = new Set([
    ...body.inputs.map((v) => v.name),
    ...body.initializers.keys(),
    ...(body.sealed?.keys() ?? []),
    ...body.nodes.flatMap((n) => n.outputs),
  ]);
  const seen = new Map([...names].filter(([name]) => !own.has(name)));
  const renamed = (name: string) => seen.get(name) ?? name;
  return {
    ...body,
    nodes: body.nodes.map((n) => renameReads(n, seen)),
    outputs: body.outputs.map((v) => ({ ...v, name: renamed(v.name) })),
  };
}

/** Every name that the bodies of a node define, however deep. */
export function definedWithin(node: Node): string[] {
  return bodies(node).flatMap((body) => [
    ...body.inputs.map((v) => v.name),
    ...body.initializers.keys(),
    ...(body.sealed?.keys() ?? []),
    ...body.nodes.flatMap((n) => [...n.outputs, ...definedWithin(n)]),
  ]);
}

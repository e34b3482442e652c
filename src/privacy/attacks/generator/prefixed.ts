/** Gives every name of a graph a prefix, so that it can be joined to a graph whose names must stay. */
import type { Attribute, Graph, ValueInfo } from '../../../model/index.ts';

/** @param output what the one output shall be called */
export function prefixed(graph: Graph, prefix: string, output: string): Graph {
  const last = graph.outputs[0]!.name;
  // An output that is a weight or the input itself is read elsewhere under its old name: it is passed on.
  const renamed = renameAll(graph, (name) => (name === '' ? '' : prefix + name));
  return {
    ...renamed,
    nodes: [
      ...renamed.nodes,
      { name: '', op: 'Identity', domain: '', inputs: [prefix + last], outputs: [output], attributes: {} },
    ],
    outputs: [{ ...graph.outputs[0]!, name: output }],
    values: new Map([...renamed.values, [prefix + last, { ...graph.outputs[0]!, name: prefix + last }]]),
  };
}

/** Bodies of If, Loop and Scan read tensors from around them by name. */
function renameAll(graph: Graph, to: (name: string) => string): Graph {
  const value = (v: ValueInfo): ValueInfo => ({ ...v, name: to(v.name) });
  const inside = (a: Attribute): Attribute =>
    a.type === 'graph' ? { type: 'graph', value: renameAll(a.value, to) } : a;
  const keys = <T>(map: ReadonlyMap<string, T>) => new Map([...map].map(([name, t]) => [to(name), t]));
  return {
    ...graph,
    inputs: graph.inputs.map(value),
    outputs: graph.outputs.map(value),
    nodes: graph.nodes.map((node) => ({
      ...node,
      name: to(node.name),
      inputs: node.inputs.map(to),
      outputs: node.outputs.map(to),
      attributes: Object.fromEntries(Object.entries(node.attributes).map(([key, a]) => [key, inside(a)])),
    })),
    initializers: keys(graph.initializers),
    values: new Map([...graph.values].map(([name, v]) => [to(name), value(v)])),
    ...(graph.sealed && { sealed: keys(graph.sealed) }),
  };
}

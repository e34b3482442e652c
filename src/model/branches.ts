/** Conditionals that are decided before anything runs, as exporters write them about shapes ("if this axis is 1, squeeze it"). */
import { definedWithin, renameCaptured } from './captured.ts';
import { freeName } from './fresh.ts';
import { type Graph, type Node, nodeLabel } from './graph.ts';
import type { Tensor } from './tensor.ts';

/**
 * Puts the branch taken in place of every If whose condition is constant. The same graph where there is none; shapes of
 * what was inside a branch are not known afterwards.
 */
export function takeBranches(graph: Graph): Graph {
  const decided = graph.nodes.filter((node) => branchOf(node, graph) !== undefined);
  if (decided.length === 0) return graph;
  const taken = new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap((n) => [...n.outputs, ...(branchOf(n, graph)?.nodes ?? [n]).flatMap(definedWithin)]),
  ]);
  const labels = new Set(graph.nodes.map((n) => n.name));
  const initializers = new Map(graph.initializers);
  const nodes = graph.nodes.flatMap((node) => {
    const body = branchOf(node, graph);
    return body ? inlined(node, body, { taken, labels }, initializers) : [node];
  });
  return { ...graph, nodes, initializers };
}

function branchOf(node: Node, graph: Graph): Graph | undefined {
  if (node.op !== 'If' || node.domain !== '') return undefined;
  const condition = graph.initializers.get(node.inputs[0]!);
  if (!condition) return undefined;
  const body = node.attributes[condition.data[0] ? 'then_branch' : 'else_branch'];
  if (body?.type !== 'graph') return undefined;
  // A body within the body that has a tensor of the name of an output would hide that output: left as it is.
  const within = new Set(body.value.nodes.flatMap(definedWithin));
  return node.outputs.some((o) => within.has(o)) ? undefined : body.value;
}

interface Taken {
  /** Names of tensors, and of nodes: onnxruntime refuses two nodes of one name. */
  readonly taken: Set<string>;
  readonly labels: Set<string>;
}

/** The body's nodes under names that are free outside; what is taken and `initializers` are added to. */
function inlined(node: Node, body: Graph, { taken, labels }: Taken, initializers: Map<string, Tensor>): Node[] {
  /** The name, or if that is taken one that says of which node it is. */
  const within = (name: string, used: ReadonlySet<string>): string =>
    used.has(name) ? freeName(`${nodeLabel(node)}/${name}`, (free) => used.has(free)) : name;
  const names = new Map<string, string>();
  const made = new Set(body.nodes.flatMap((n) => n.outputs));
  const passed: Node[] = [];
  body.outputs.forEach(({ name }, i) => {
    const output = node.outputs[i];
    if (!output) return;
    if (made.has(name) && !names.has(name)) names.set(name, output);
    else passed.push({ name: '', op: 'Identity', domain: '', inputs: [name], outputs: [output], attributes: {} });
  });
  const own = [...body.initializers.keys(), ...body.nodes.flatMap((n) => n.outputs)];
  for (const name of own) {
    if (!name || names.has(name)) continue;
    const free = within(name, taken);
    taken.add(free);
    names.set(name, free);
  }
  const renamed = (list: readonly string[]) => list.map((name) => names.get(name) ?? name);
  for (const [name, tensor] of body.initializers) initializers.set(names.get(name) ?? name, tensor);
  const label = (name: string): string => {
    const free = name === '' ? '' : within(name, labels);
    labels.add(free);
    return free;
  };
  return [...body.nodes, ...passed].map((n) => ({
    ...renameCaptured(n, names),
    name: label(n.name),
    inputs: renamed(n.inputs),
    outputs: passed.includes(n) ? n.outputs : renamed(n.outputs),
  }));
}

/** One graph after another, as a single graph. */
import type { Attribute, Graph, Node, ValueInfo } from './graph.ts';
import { bodies } from './reads.ts';

/**
 * What `first` makes goes, by name, into the inputs of `second`. The names of `first` stay; those of `second` that clash
 * get a prefix. Shapes that either knew are known afterwards. Outputs are those of `second`, by their names as far as they
 * are free.
 * @param first its outputs that nothing reads are dropped
 * @param open inputs of `second` that `first` does not make are inputs of the whole; without it there must be none
 * @throws RangeError where they do not fit together
 */
export function compose(
  first: Graph,
  second: Graph,
  name = `${first.name}+${second.name}`,
  { open = false }: { readonly open?: boolean } = {},
): Graph {
  const made = new Map(first.outputs.map((v) => [v.name, v]));
  const given = second.inputs.filter((v) => !made.has(v.name));
  if (given.length > 0 && !open) throw new RangeError(`compose: ${first.name} has no output ${given[0]!.name}`);
  for (const v of second.inputs) {
    const from = made.get(v.name);
    if (from && from.dtype !== v.dtype)
      throw new RangeError(`compose: ${v.name} is ${from.dtype}, and read as ${v.dtype}`);
  }
  for (const [domain, version] of second.opsets) {
    const own = first.opsets.get(domain);
    if (own !== undefined && own !== version) {
      throw new RangeError(`compose: opset ${own} before opset ${version} of ${domain || 'ONNX'}`);
    }
  }
  const joints = second.inputs.filter((v) => made.has(v.name)).map((v) => v.name);
  const { renamed, label } = renaming(first, second, new Set(joints));
  const value = (v: ValueInfo): ValueInfo => ({ ...v, name: renamed(v.name) });
  const outputs = second.outputs.map(value);
  const isOutput = new Set(outputs.map((v) => v.name));
  const values = [
    ...[...first.values].map(([, v]) => v),
    ...first.outputs,
    ...[...second.values.values()].map(value),
  ].filter((v) => !isOutput.has(v.name));
  const sealed = new Map([
    ...(first.sealed ?? []),
    ...[...(second.sealed ?? [])].map(([k, t]) => [renamed(k), t] as const),
  ]);
  const functions = [...new Set([...(first.functions ?? []), ...(second.functions ?? [])])];
  return {
    name,
    inputs: [...first.inputs, ...given.map(value)],
    outputs,
    nodes: [...first.nodes, ...second.nodes.map((n) => renameNode(n, renamed, label))],
    initializers: new Map([
      ...first.initializers,
      ...[...second.initializers].map(([k, t]) => [renamed(k), t] as const),
    ]),
    values: new Map(values.map((v) => [v.name, v])),
    opsets: new Map([...first.opsets, ...second.opsets]),
    irVersion: Math.max(first.irVersion, second.irVersion),
    ...(sealed.size > 0 && { sealed }),
    ...(functions.length > 0 && { functions }),
  };
}

/** Names of the second graph as they are in the whole. What joins the two keeps its name. */
function renaming(first: Graph, second: Graph, joints: ReadonlySet<string>) {
  const taken = tensorsOf(first);
  const own = tensorsOf(second);
  const names = new Map<string, string>();
  for (const name of own) {
    if (name === '' || joints.has(name) || !taken.has(name)) continue;
    let fresh = `second/${name}`;
    while (taken.has(fresh) || own.has(fresh)) fresh = `second/${fresh}`;
    names.set(name, fresh);
  }
  const labels = new Set(first.nodes.map((n) => n.name));
  return {
    renamed: (tensor: string): string => names.get(tensor) ?? tensor,
    // onnxruntime refuses two nodes of one name.
    label: (node: Node): string => {
      let label = node.name;
      while (label !== '' && labels.has(label)) label = `second/${label}`;
      labels.add(label);
      return label;
    },
  };
}

function tensorsOf(graph: Graph): Set<string> {
  return new Set([
    ...graph.inputs.map((v) => v.name),
    ...graph.initializers.keys(),
    ...(graph.sealed?.keys() ?? []),
    ...graph.nodes.flatMap((n) => [...n.outputs, ...bodies(n).flatMap((body) => [...tensorsOf(body)])]),
  ]);
}

type Rename = (name: string) => string;

function renameNode(node: Node, renamed: Rename, label: (node: Node) => string): Node {
  return { ...renameTensors(node, renamed), name: label(node) };
}

/** Bodies of If, Loop and Scan read tensors from around them by name. */
function renameTensors(node: Node, renamed: Rename): Node {
  const attributes = Object.entries(node.attributes).map(([key, a]): [string, Attribute] => [
    key,
    a.type === 'graph' ? { type: 'graph', value: renameBody(a.value, renamed) } : a,
  ]);
  return {
    ...node,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
    attributes: Object.fromEntries(attributes),
  };
}

function renameBody(body: Graph, renamed: Rename): Graph {
  const value = (v: ValueInfo): ValueInfo => ({ ...v, name: renamed(v.name) });
  const keys = <T>(map: ReadonlyMap<string, T>) => new Map([...map].map(([k, t]) => [renamed(k), t]));
  return {
    ...body,
    inputs: body.inputs.map(value),
    outputs: body.outputs.map(value),
    nodes: body.nodes.map((n) => renameTensors(n, renamed)),
    initializers: keys(body.initializers),
    values: new Map([...body.values.values()].map((v) => [renamed(v.name), value(v)])),
    ...(body.sealed && { sealed: keys(body.sealed) }),
  };
}

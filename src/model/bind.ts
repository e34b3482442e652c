/** Gives numbers to symbolic dimensions. */
import { CutlineError } from '../errors.ts';
import type { Attribute, Dim, Graph, Node, ValueInfo } from './graph.ts';

/** Shapes by input name. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Reads `input=1,3,32,32`; the name may be left out when the model has one input.
 * @throws CutlineError USAGE
 */
export function parseShapes(texts: readonly string[], graph: Graph): Shapes {
  const shapes: Record<string, number[]> = {};
  for (const text of texts) {
    const at = text.lastIndexOf('=');
    const name = at >= 0 ? text.slice(0, at) : graph.inputs.length === 1 ? graph.inputs[0]!.name : undefined;
    const dims = text.slice(at + 1).split(/[,x]/);
    if (name === undefined || !dims.every((d) => /^[1-9]\d{0,8}$/.test(d))) {
      throw new CutlineError('USAGE', { problem: `--shape ${text}: write it as input=1,3,32,32.` });
    }
    shapes[name] = dims.map(Number);
  }
  return shapes;
}

/**
 * Binds dimensions by the shapes of inputs, everywhere they are named, also in bodies. Inputs not mentioned stay.
 * @throws CutlineError SHAPE_CONFLICT, SHAPE_INPUT_UNKNOWN
 */
export function bindDimensions(graph: Graph, shapes: Shapes): Graph {
  const bound = new Map<string, number>();
  for (const [input, shape] of Object.entries(shapes)) {
    const declared = graph.inputs.find((v) => v.name === input);
    if (!declared) {
      throw new CutlineError('SHAPE_INPUT_UNKNOWN', { input, inputs: graph.inputs.map((v) => v.name).join(', ') });
    }
    const refuse = (problem: string): never => {
      const given = shape.join(',');
      throw new CutlineError('SHAPE_CONFLICT', { given, input, declared: declared.shape.join(','), problem });
    };
    if (declared.unknown) continue;
    if (declared.shape.length !== shape.length) refuse(`it has ${declared.shape.length} dimensions`);
    declared.shape.forEach((d, i) => {
      const n = shape[i]!;
      if (typeof d === 'number' && d !== n) refuse(`dimension ${i} is fixed to ${d}`);
      if (typeof d !== 'string' || d === '') return;
      if ((bound.get(d) ?? n) !== n) refuse(`dimension ${d} is ${bound.get(d)} elsewhere`);
      bound.set(d, n);
    });
  }
  const inputs = graph.inputs.map((v): ValueInfo => {
    const shape = shapes[v.name];
    return shape ? { name: v.name, dtype: v.dtype, shape } : v;
  });
  const done = bound.size > 0 ? rename(graph, bound) : graph;
  return { ...done, inputs: inputs.map((v) => bindValue(v, bound)) };
}

function bindValue(v: ValueInfo, bound: ReadonlyMap<string, number>): ValueInfo {
  const shape = v.shape.map((d): Dim => (typeof d === 'string' ? (bound.get(d) ?? d) : d));
  return { ...v, shape };
}

function rename(graph: Graph, bound: ReadonlyMap<string, number>): Graph {
  return {
    ...graph,
    inputs: graph.inputs.map((v) => bindValue(v, bound)),
    outputs: graph.outputs.map((v) => bindValue(v, bound)),
    values: new Map([...graph.values].map(([name, v]) => [name, bindValue(v, bound)])),
    nodes: graph.nodes.map((n) => bindBodies(n, bound)),
  };
}

function bindBodies(node: Node, bound: ReadonlyMap<string, number>): Node {
  const entries = Object.entries(node.attributes);
  if (!entries.some(([, a]) => a.type === 'graph')) return node;
  const attributes = entries.map(([name, a]): [string, Attribute] => [
    name,
    a.type === 'graph' ? { type: 'graph', value: rename(a.value, bound) } : a,
  ]);
  return { ...node, attributes: Object.fromEntries(attributes) };
}

/**
 * Binds what is left of the leading dimension of each input, where it is symbolic.
 * Other symbolic dimensions are left for `requireBound` to name.
 */
export function bindBatch(graph: Graph, batch: number): Graph {
  const shapes: Record<string, readonly number[]> = {};
  for (const v of graph.inputs) {
    const [first, ...rest] = v.shape;
    if (v.unknown || typeof first !== 'string') continue;
    // Another dimension of the same name is the batch too.
    const dims = rest.map((d) => (d === first && d !== '' ? batch : d));
    if (dims.every((d) => typeof d === 'number')) shapes[v.name] = [batch, ...(dims as number[])];
  }
  return bindDimensions(graph, shapes);
}

/**
 * Gives the symbolic dimensions of the one input these numbers, except its leading one: a network for pictures of any size
 * becomes one for pictures of this size, still for any batch. What does not fit is left as it is.
 * @param shape of the input, batch first
 */
export function bindAllButBatch(graph: Graph, shape: readonly number[]): Graph {
  const [input, ...others] = graph.inputs;
  if (!input || input.unknown || others.length > 0 || input.shape.length !== shape.length) return graph;
  const [batch] = input.shape;
  const bound = new Map<string, number>();
  for (const [i, d] of input.shape.entries()) {
    if (i === 0 || typeof d !== 'string' || d === '') continue;
    // One name for two sizes, or for batch and size: nothing that this may decide.
    if (d === batch || (bound.get(d) ?? shape[i]) !== shape[i]) return graph;
    bound.set(d, shape[i]!);
  }
  const dims = input.shape.map((d, i) => (i > 0 && typeof d === 'string' ? shape[i]! : d));
  const done = bound.size > 0 ? rename(graph, bound) : graph;
  return { ...done, inputs: [{ ...input, shape: dims }] };
}

/** Is a leading dimension symbolic? */
export function hasSymbolicBatch(graph: Graph): boolean {
  return graph.inputs.some((v) => !v.unknown && typeof v.shape[0] === 'string');
}

/**
 * Checks that every input dimension is a number.
 * @throws CutlineError SHAPE_UNBOUND with the option to pass
 */
export function requireBound(graph: Graph): void {
  for (const v of graph.inputs) {
    if (v.unknown) {
      throw new CutlineError('SHAPE_UNBOUND', { dim: '(all)', input: v.name, example: `${v.name}=1,…` });
    }
    const i = v.shape.findIndex((d) => typeof d === 'string');
    if (i < 0) continue;
    const shown = v.shape.map((d, j) => (typeof d === 'number' ? d : j === 0 ? 1 : `<${d || `dim${j}`}>`));
    const dim = v.shape[i] || `number ${i}`;
    throw new CutlineError('SHAPE_UNBOUND', { dim, input: v.name, example: `"${v.name}=${shown.join(',')}"` });
  }
}

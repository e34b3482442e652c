/**
 * What a node costs. A MAC is one multiplication with its addition. Counted are convolutions, matrix products and
 * recurrent layers, as papers and model zoos do; a bias, an activation, a normalisation, a pooling window or a resize
 * counts nothing in MACs, their cost is moving bytes. Padding is counted as if it were image.
 */
import { type Dependence, dependences } from './dependence.ts';
import { attrInt, attrString, type Graph, type Node, type ValueInfo } from './graph.ts';
import { bodies, reads } from './reads.ts';
import { bytesPerElement, type DType, sizeOf } from './tensor.ts';
import { allValues, fixedShape } from './values.ts';

/** Which limit of a machine the node meets: a roofline is measured for each. `free`: constants and shape arithmetic. */
export type OperatorClass = 'conv' | 'depthwise' | 'matmul' | 'elementwise' | 'free';

export interface NodeCost {
  readonly node: Node;
  readonly operatorClass: OperatorClass;
  readonly macs: number;
  /** Numbers learnt in training that the node reads; one read by two nodes counts at both. */
  readonly parameters: number;
  /** The same, in bytes. */
  readonly parameterBytes: number;
  /** Bytes of the activations it reads. */
  readonly inputBytes: number;
  /** Bytes of the activations it writes. */
  readonly activationBytes: number;
  /** False where the arithmetic inside cannot be seen (bodies, model-local functions, fused operators): macs is then too low. */
  readonly counted: boolean;
  /** Names of the weights it reads, itself or by way of constant nodes. */
  readonly weights: readonly string[];
}

export interface Cost {
  /** One entry a node, in the order of the graph. */
  readonly nodes: readonly NodeCost[];
  readonly macs: number;
  /** Each counted once, however many nodes read it. */
  readonly parameters: number;
  /** Numbers in a weight, by its name. */
  readonly weightSizes: ReadonlyMap<string, number>;
}

/** Weights are float, or 8-bit when quantised; integers of other widths are shapes, axes and indices, and scalars are settings. */
const learnt = new Set<DType>(['float32', 'float64', 'float16', 'bfloat16', 'int8', 'uint8']);

/** The cost of each node of a graph whose shapes are inferred. Unknown shapes count as empty. */
export function cost(graph: Graph): Cost {
  const values = allValues(graph);
  const kinds = dependences(graph);
  const roots = weightRoots(graph, kinds);
  const sealed = [...(graph.sealed ?? [])];
  const weightBytes = new Map(sealed.map(([name, s]) => [name, s.bytes]));
  const weightSizes = new Map(sealed.map(([name, s]) => [name, s.numbers]));
  for (const name of new Set([...roots.values()].flat())) {
    if (weightSizes.has(name)) continue;
    const shape = fixedShape(values.get(name)) ?? [];
    weightSizes.set(name, sizeOf(shape));
    weightBytes.set(name, sizeOf(shape) * (bytesPerElement(values.get(name)!.dtype) ?? 0));
  }
  const used = new Set<string>();
  const nodes = graph.nodes.map((node): NodeCost => {
    const free = node.outputs.every((o) => !o || kinds.get(o) !== 'data');
    const weights = free ? [] : [...new Set(reads(node).flatMap((i) => roots.get(i) ?? []))];
    for (const w of weights) used.add(w);
    const total = (sizes: ReadonlyMap<string, number>) => weights.reduce((n, w) => n + sizes.get(w)!, 0);
    const macs = free ? 0 : macsOf(node, values);
    return {
      node,
      operatorClass: free ? 'free' : classOf(node, values),
      macs: macs ?? 0,
      parameters: total(weightSizes) + bodyParameters(node),
      parameterBytes: total(weightBytes),
      inputBytes: bytesOf(
        reads(node).filter((i) => kinds.get(i) === 'data'),
        values,
      ),
      activationBytes: free
        ? 0
        : bytesOf(
            node.outputs.filter((o) => o !== ''),
            values,
          ),
      counted: macs !== undefined,
      weights,
    };
  });
  const macs = nodes.reduce((n, c) => n + c.macs, 0);
  const parameters =
    [...used].reduce((n, w) => n + weightSizes.get(w)!, 0) + graph.nodes.reduce((n, x) => n + bodyParameters(x), 0);
  return { nodes, macs, parameters, weightSizes };
}

function bytesOf(names: readonly string[], values: ReadonlyMap<string, ValueInfo>): number {
  return names.reduce((n, name) => {
    const shape = fixedShape(values.get(name));
    return n + (shape ? sizeOf(shape) * (bytesPerElement(values.get(name)!.dtype) ?? 0) : 0);
  }, 0);
}

/** For each constant tensor the weights it is made of: initializers and outputs of Constant nodes. */
function weightRoots(graph: Graph, kinds: ReadonlyMap<string, Dependence>): Map<string, readonly string[]> {
  const roots = new Map<string, readonly string[]>();
  for (const name of graph.sealed?.keys() ?? []) roots.set(name, [name]);
  for (const [name, t] of graph.initializers) roots.set(name, learnt.has(t.dtype) && t.shape.length > 0 ? [name] : []);
  for (const n of graph.nodes) {
    const [first] = n.outputs;
    if (!first || kinds.get(first) !== 'constant') continue;
    const t = n.op === 'Constant' ? n.attributes.value : undefined;
    const own = t?.type === 'tensor' && learnt.has(t.value.dtype) && t.value.shape.length > 0 ? [first] : [];
    const all = n.inputs.length === 0 ? own : [...new Set(n.inputs.flatMap((i) => roots.get(i) ?? []))];
    for (const o of n.outputs) roots.set(o, all);
  }
  return roots;
}

function bodyParameters(node: Node): number {
  let n = 0;
  for (const body of bodies(node)) {
    for (const t of body.initializers.values()) if (learnt.has(t.dtype) && t.shape.length > 0) n += t.data.length;
    for (const inner of body.nodes) n += bodyParameters(inner);
  }
  return n;
}

type Values = ReadonlyMap<string, ValueInfo>;

function classOf(node: Node, values: Values): OperatorClass {
  switch (node.op) {
    case 'Conv':
    case 'FusedConv':
    case 'ConvTranspose':
    case 'ConvInteger':
    case 'QLinearConv': {
      const weight = fixedShape(values.get(node.inputs[node.op === 'QLinearConv' ? 3 : 1] ?? ''));
      return attrInt(node, 'group', 1) > 1 && weight?.[1] === 1 ? 'depthwise' : 'conv';
    }
    case 'Gemm':
    case 'MatMul':
    case 'FusedMatMul':
    case 'FusedGemm':
    case 'MatMulInteger':
    case 'QLinearMatMul':
    case 'Einsum':
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      return 'matmul';
    default:
      return 'elementwise';
  }
}

/** Undefined where it cannot be told. */
function macsOf(node: Node, values: Values): number | undefined {
  const shape = (name: string | undefined) => fixedShape(values.get(name ?? ''));
  const input = (i: number) => shape(node.inputs[i]);
  const out = shape(node.outputs[0]);
  switch (node.op) {
    case 'Conv':
    case 'FusedConv':
    case 'ConvInteger':
    case 'QLinearConv': {
      // Weight [out, in/group, kernel…]: each output element is a sum over all but the first.
      const w = input(node.op === 'QLinearConv' ? 3 : 1);
      return out && w && sizeOf(out) * sizeOf(w.slice(1));
    }
    case 'ConvTranspose': {
      // Weight [in, out/group, kernel…]: each input element is spread over all but the first.
      const [x, w] = [input(0), input(1)];
      return x && w && sizeOf(x) * sizeOf(w.slice(1));
    }
    case 'Gemm':
    case 'FusedGemm': {
      const a = input(0);
      return out && a && sizeOf(out) * a[attrInt(node, 'transA', 0) ? 0 : 1]!;
    }
    case 'MatMul':
    case 'FusedMatMul':
    case 'MatMulInteger':
    case 'QLinearMatMul': {
      const a = input(0);
      return out && a && sizeOf(out) * (a.at(attrInt(node, 'transA', 0) ? -2 : -1) ?? 1);
    }
    case 'Einsum':
      return einsumMacs(attrString(node, 'equation', ''), node.inputs.map(shape));
    case 'LSTM':
    case 'GRU':
    case 'RNN': {
      const [x, w, r] = [input(0), input(1), input(2)];
      return x && w && r && x[0]! * x[1]! * (sizeOf(w) + sizeOf(r));
    }
    default:
      return node.domain === '' && bodies(node).length === 0 ? 0 : undefined;
  }
}

/** The product of all labels. */
function einsumMacs(equation: string, shapes: readonly (readonly number[] | undefined)[]): number | undefined {
  if (equation.includes('.')) return undefined;
  const sizes = new Map<string, number>();
  const terms = equation.replaceAll(' ', '').split('->')[0]!.split(',');
  for (const [i, term] of terms.entries()) {
    const shape = shapes[i];
    if (!shape) return undefined;
    for (const [j, label] of [...term].entries()) sizes.set(label, Math.max(sizes.get(label) ?? 1, shape[j] ?? 1));
  }
  return sizeOf([...sizes.values()]);
}

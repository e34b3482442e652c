/** What the initializers of a graph are to it: which were learnt, and how a fresh network would start them. */
import { attrInt, type Graph, type Node } from './graph.ts';
import { bodies, reads } from './reads.ts';
import { sizeOf, type Tensor } from './tensor.ts';
import { allValues, fixedShape } from './values.ts';

/**
 * `kernel`: of a product with so many terms. `scale`: multiplies, begins as 1. `shift`: is added, begins as 0.
 * `mean`, `variance`: running statistics, which no gradient moves. `slope`: of PRelu. `table`: any other array of numbers,
 * such as positions and tokens.
 */
export type WeightRole =
  | { readonly kind: 'kernel'; readonly fanIn: number }
  | { readonly kind: 'scale' | 'shift' | 'mean' | 'variance' | 'slope' | 'table' };

/** Layouts of the same numbers: what reads them tells what they are. */
const passing = new Set(['Identity', 'Transpose', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten', 'Expand', 'Cast']);

/** Inputs, from the second on, that are settings of an operator and nothing learnt. */
const settings = new Set(['Resize', 'Upsample', 'Pad', 'Clip', 'Range', 'OneHot', 'ConstantOfShape', 'Dropout']);

/**
 * The role of every float32 initializer that was learnt. Single numbers are constants of the formula (the 0.5 of GELU) and
 * have none, except where their place says that they are a layer's.
 * @param graph shapes known
 */
export function weightRoles(graph: Graph): Map<string, WeightRole> {
  const values = allValues(graph);
  const shapeOf = (name: string) => fixedShape(values.get(name));
  const readers = new Map<string, { node: Node; place: number }[]>();
  for (const node of graph.nodes) {
    for (const [place, name] of node.inputs.entries()) {
      readers.set(name, [...(readers.get(name) ?? []), { node, place }]);
    }
  }
  const roleOf = (name: string, tensor: Tensor): WeightRole | undefined => {
    let role: WeightRole | undefined;
    for (const { node, place } of readers.get(name) ?? []) {
      const next = node.outputs[0]!;
      const shape = shapeOf(name) ?? tensor.shape;
      role ??=
        passing.has(node.op) && place === 0
          ? roleOf(next, { ...tensor, shape: shapeOf(next) ?? tensor.shape })
          : roleAt(node, place, shape);
    }
    return role;
  };
  const roles = new Map<string, WeightRole>();
  const used = new Set(graph.nodes.flatMap(reads));
  for (const [name, tensor] of graph.initializers) {
    if (tensor.dtype !== 'float32' || !used.has(name)) continue;
    // What only bodies read has no place that would tell more.
    const unplaced = !readers.has(name) && sizeOf(tensor.shape) > 1;
    const role = unplaced ? ({ kind: 'table' } as const) : roleOf(name, tensor);
    if (role) roles.set(name, role);
  }
  return roles;
}

/**
 * Learnt numbers that `weightRoles` cannot name: of other types than float32 (quantised or half-precision weights), sparse
 * ones, and those inside the bodies of If, Loop and Scan.
 */
export function weightsBeyondRoles(graph: Graph): string[] {
  const odd = [...graph.initializers].filter(([, t]) => !untrained.has(t.dtype) && sizeOf(t.shape) > 1).map(([n]) => n);
  const inner = graph.nodes.flatMap((n) => bodies(n)).flatMap(floatsWithin);
  return [...odd, ...(graph.sealed?.keys() ?? []), ...inner];
}

/** Float32 has roles; indices and masks are structure. */
const untrained = new Set(['float32', 'int64', 'int32', 'bool', 'string']);

function floatsWithin(body: Graph): string[] {
  const large = (t: Tensor) => !/^(int64|int32|bool|string)$/.test(t.dtype) && sizeOf(t.shape) > 1;
  const constants = body.nodes.filter((n) => n.attributes.value?.type === 'tensor' && large(n.attributes.value.value));
  return [
    ...[...body.initializers].filter(([, t]) => large(t)).map(([name]) => name),
    ...constants.flatMap((n) => n.outputs),
    ...body.nodes.flatMap((n) => bodies(n)).flatMap(floatsWithin),
  ];
}

function roleAt(node: Node, place: number, shape: readonly number[]): WeightRole | undefined {
  const product = (dims: readonly number[]) => Math.max(1, sizeOf(dims));
  switch (node.op) {
    case 'Conv':
    case 'ConvTranspose':
      return place === 1 ? { kind: 'kernel', fanIn: product(shape.slice(1)) } : { kind: 'shift' };
    case 'Gemm': {
      if (place === 2) return { kind: 'shift' };
      const transposed = attrInt(node, place === 1 ? 'transB' : 'transA', 0) === 1;
      return { kind: 'kernel', fanIn: shape[(place === 1) === transposed ? 1 : 0]! };
    }
    case 'MatMul':
      return { kind: 'kernel', fanIn: (place === 1 ? (shape.at(-2) ?? shape[0]) : shape.at(-1)) ?? 1 };
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      if (place === 1 || place === 2) return { kind: 'kernel', fanIn: shape[2]! };
      return place === 3 ? { kind: 'shift' } : { kind: 'table' };
    case 'BatchNormalization':
      return ([undefined, 'scale', 'shift', 'mean', 'variance'] as const).map((kind) => kind && { kind })[place];
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
    case 'RMSNormalization':
      return { kind: place === 1 ? 'scale' : 'shift' };
    case 'PRelu':
      return { kind: 'slope' };
    default:
      return settings.has(node.op) && place > 0 ? undefined : arithmetic(node.op, shape);
  }
}

/** A vector beside something larger is a layer's scale or shift; a larger array is a table. */
function arithmetic(op: string, shape: readonly number[]): WeightRole | undefined {
  const long = shape.filter((d) => d > 1).length;
  if (long === 0) return undefined;
  if (op === 'Mul' || op === 'Div') return { kind: 'scale' };
  if ((op === 'Add' || op === 'Sub' || op === 'Sum') && long === 1) return { kind: 'shift' };
  return { kind: 'table' };
}

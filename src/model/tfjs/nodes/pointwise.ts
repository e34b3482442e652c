import { asNumbers, type DType, int64, scalar } from '../../tensor.ts';
import type { Feature } from '../feature.ts';
import { unsupported } from '../json.ts';
import { activation, broadcasting, clip, reduce, softmax, unary } from '../pointwise.ts';
import {
  boolAttribute,
  constantAt,
  type DefNode,
  input,
  intAttribute,
  integersAt,
  type NodeWriter,
  type NodeWriters,
  typeAttribute,
} from './node.ts';
import { fused } from './windows.ts';

const same =
  (op: string): NodeWriter =>
  (node) =>
    unary(node.w, op, input(node, 0), node);

const binary =
  (op: string, dtype?: DType): NodeWriter =>
  (node) =>
    broadcasting(node.w, op, [input(node, 0), input(node, 1)], { name: node.name, ...(dtype && { dtype }) });

const named =
  (name: string): NodeWriter =>
  (node) =>
    activation(node.w, name, input(node, 0), node);

const squared = (node: DefNode, x: Feature): Feature => broadcasting(node.w, 'Mul', [x, x], node);

const reduction =
  (op: string): NodeWriter =>
  (node) => {
    const axes = integersAt(node, 1);
    return reduce(node.w, op, input(node, 0), axes, boolAttribute(node, 'keep_dims'), node);
  };

const matmul: NodeWriter = (node) =>
  fused(node, (name, bias) => {
    const { w } = node;
    const [a, b] = [input(node, 0), input(node, 1)];
    const flag = (...names: string[]) => (names.some((n) => boolAttribute(node, n)) ? 1 : 0);
    const [transA, transB] = [flag('transpose_a'), flag('transpose_b')];
    const dims = [a.dims[transA ? 1 : 0], b.dims[transB ? 0 : 1]];
    const inputs = [w.last(a), w.last(b), ...(bias ? [w.b.initializer(bias)] : [])];
    return w.op('Gemm', inputs, { transA, transB }, { name, dims });
  });

const batchMatmul: NodeWriter = (node) => {
  const { w, name } = node;
  const turned = (i: number, attribute: string): Feature => {
    const x = input(node, i);
    if (!boolAttribute(node, attribute)) return x;
    const perm = x.dims.map((_, d) => d);
    perm.splice(-2, 2, perm.length - 1, perm.length - 2);
    const dims = perm.map((d) => x.dims[d]);
    return w.op('Transpose', [w.last(x)], { perm }, { name: `${name}/${attribute}`, dims });
  };
  const [a, b] = [turned(0, 'adj_x'), turned(1, 'adj_y')];
  const lead = a.dims.length >= b.dims.length ? a.dims : b.dims;
  const dims = [...lead.slice(0, -2), a.dims.at(-2), b.dims.at(-1)];
  return w.op('MatMul', [w.last(a), w.last(b)], {}, { name, dims });
};

const onnxTypes: Readonly<Record<string, readonly [DType, number]>> = {
  DT_FLOAT: ['float32', 1],
  DT_INT32: ['int32', 6],
  DT_INT64: ['int64', 7],
  DT_BOOL: ['bool', 9],
};
const typeNumbers = ['', 'DT_FLOAT', '', 'DT_INT32', '', '', '', '', '', 'DT_INT64', 'DT_BOOL'];

export function typeOf(type: string | number | undefined): readonly [DType, number] {
  const name = typeof type === 'number' ? (typeNumbers[type] ?? '') : (type ?? '');
  return Object.hasOwn(onnxTypes, name) ? onnxTypes[name]! : unsupported(`element type ${String(type)}`);
}

const cast: NodeWriter = (node) => {
  const [dtype, to] = typeOf(typeAttribute(node, 'DstT'));
  return unary(node.w, 'Cast', input(node, 0), { name: node.name, dtype }, { to });
};

const argMax: NodeWriter = (node) => {
  const { w, name } = node;
  const x = input(node, 0);
  const [raw = 0] = integersAt(node, 1);
  const axis = w.axis(raw, x.dims.length, 'last');
  const found = w.op(
    'ArgMax',
    [w.last(x)],
    { axis, keepdims: 0 },
    {
      name: `${name}/index`,
      dims: x.dims.filter((_, d) => d !== axis),
      dtype: 'int64',
    },
  );
  return unary(w, 'Cast', found, { name, dtype: 'int32' }, { to: 6 });
};

const clipByValue: NodeWriter = (node) => {
  const [low, high] = [1, 2].map((i) => asNumbers(constantAt(node, i))[0]!);
  return clip(node.w, input(node, 0), low!, high!, node);
};

const power: NodeWriter = binary('Pow');

const addN: NodeWriter = (node) => broadcasting(node.w, 'Sum', node.inputs, node);

const difference: NodeWriter = (node) => {
  const d = broadcasting(node.w, 'Sub', [input(node, 0), input(node, 1)], { name: `${node.name}/difference` });
  return squared(node, d);
};

const select: NodeWriter = (node) =>
  broadcasting(node.w, 'Where', node.inputs, { name: node.name, dtype: input(node, 1).dtype });

const gather: NodeWriter = (node) => {
  const { w, name } = node;
  const [x, indices] = [input(node, 0), input(node, 1)];
  const [raw = 0] = node.inputs[2] ? integersAt(node, 2) : [0];
  const axis = w.axis(raw, x.dims.length, 'last');
  if (intAttribute(node, 'batch_dims', 0) !== 0) unsupported('batch_dims');
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  return w.op('Gather', [w.last(x), w.last(indices)], { axis }, { name, dims, dtype: x.dtype });
};

const fill: NodeWriter = (node) => {
  const { w, name } = node;
  const shape = integersAt(node, 0);
  const value = input(node, 1);
  return w.op('Expand', [w.last(value), w.b.initializer(int64(shape))], {}, { name, dims: shape, dtype: value.dtype });
};

export const pointwiseNodes: NodeWriters = {
  ...Object.fromEntries(
    ['Abs', 'Neg', 'Exp', 'Log', 'Sqrt', 'Sin', 'Cos', 'Floor', 'Ceil', 'Round', 'Sign', 'Erf', 'Reciprocal'].map(
      (op) => [op, same(op)],
    ),
  ),
  Relu: same('Relu'),
  Relu6: named('relu6'),
  Elu: named('elu'),
  Selu: named('selu'),
  Sigmoid: named('sigmoid'),
  Tanh: named('tanh'),
  Softplus: named('softplus'),
  Softmax: (node) => softmax(node.w, 'Softmax', input(node, 0), -1, node),
  LogSoftmax: (node) => softmax(node.w, 'LogSoftmax', input(node, 0), -1, node),
  Add: binary('Add'),
  AddV2: binary('Add'),
  Sub: binary('Sub'),
  Mul: binary('Mul'),
  RealDiv: binary('Div'),
  Div: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: power,
  SquaredDifference: difference,
  Square: (node) => squared(node, input(node, 0)),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),
  Equal: binary('Equal', 'bool'),
  LogicalAnd: binary('And', 'bool'),
  LogicalOr: binary('Or', 'bool'),
  LogicalNot: same('Not'),
  SelectV2: select,
  AddN: addN,
  ClipByValue: clipByValue,
  Cast: cast,
  ArgMax: argMax,
  Mean: reduction('ReduceMean'),
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  MatMul: matmul,
  _FusedMatMul: matmul,
  BatchMatMul: batchMatmul,
  BatchMatMulV2: batchMatmul,
  Gather: gather,
  GatherV2: gather,
  Fill: fill,
  ZerosLike: (node) => broadcasting(node.w, 'Mul', [input(node, 0), node.w.constant(scalar(0))], node),
};

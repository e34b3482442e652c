/** Operators on shapes: no element changes or moves. */
import { attrInt } from '../../../model/graph.ts';
import { type DType, int64, sizeOf, type Tensor } from '../../../model/tensor.ts';
import {
  type Call,
  input,
  intsFrom,
  type Operator,
  type Operators,
  positiveAxis,
  type Typed,
  tensor,
  unsupported,
} from '../call.ts';
import { Value } from '../value.ts';
import { broadcastShape } from './elementwise.ts';

const reshape: Operator = (call) => {
  const x = tensor(call, 0);
  const literalZero = attrInt(call.node, 'allowzero', 0) === 1;
  const wanted = input(call, 1)
    .numbers()
    .map((n, d) => (n === 0 && !literalZero ? x.shape[d]! : n));
  const rest = wanted.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
  // Where elements are none, -1 cannot be computed from them.
  return call.tf.reshape(
    x,
    wanted.map((n) => (n === -1 ? (rest === 0 ? 0 : x.size / rest) : n)),
  );
};

const flatten: Operator = (call) => {
  const x = tensor(call, 0);
  const axis = attrInt(call.node, 'axis', 1);
  const lead = sizeOf(x.shape.slice(0, axis < 0 ? axis + x.rank : axis));
  return call.tf.reshape(x, [lead, lead === 0 ? 0 : x.size / lead]);
};

const squeeze: Operator = (call) => {
  const x = tensor(call, 0);
  const axes = intsFrom(call, 'axes', 1)?.map((a) => positiveAxis(a, x.rank));
  for (const a of axes ?? []) if (x.shape[a] !== 1) throw new Error(`axis ${a} of [${x.shape}] is not 1`);
  const shape = x.shape.filter((n, d) => (axes ? !axes.includes(d) : n !== 1));
  return call.tf.reshape(x, shape);
};

const unsqueeze: Operator = (call) => {
  const x = tensor(call, 0);
  const axes = intsFrom(call, 'axes', 1) ?? [];
  const rank = x.rank + axes.length;
  const fresh = new Set(axes.map((a) => positiveAxis(a, rank)));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, d) => (fresh.has(d) ? 1 : rest.shift()!));
  return call.tf.reshape(x, shape);
};

const shapeOf: Operator = (call) => {
  const { shape } = input(call, 0);
  const part = shape.slice(attrInt(call.node, 'start', 0), attrInt(call.node, 'end', shape.length));
  return { dtype: 'int64', tensor: call.tf.tensor1d([...part], 'int32') };
};

const expand: Operator = (call) => {
  const x = tensor(call, 0);
  return call.tf.broadcastTo(x, broadcastShape(x.shape, input(call, 1).numbers()));
};

function held(call: Call, t: Tensor): Typed {
  const value = Value.from(call.tf, t);
  const tensor = call.tf.clone(value.tensor);
  value.dispose();
  return { dtype: t.dtype, tensor };
}

const constant: Operator = (call) => {
  const a = call.node.attributes;
  if (a.value?.type === 'tensor') return held(call, a.value.value);
  const float = (list: readonly number[], shape: readonly number[]): Typed =>
    held(call, { dtype: 'float32', shape, data: Float32Array.from(list) });
  if (a.value_float?.type === 'float') return float([a.value_float.value], []);
  if (a.value_floats?.type === 'floats') return float(a.value_floats.value, [a.value_floats.value.length]);
  if (a.value_int?.type === 'int') return held(call, int64([Number(a.value_int.value)], []));
  if (a.value_ints?.type === 'ints') return held(call, int64(a.value_ints.value.map(Number)));
  return unsupported('this kind of constant');
};

const constantOfShape: Operator = (call) => {
  const { value } = call.node.attributes;
  const fill: Tensor =
    value?.type === 'tensor' ? value.value : { dtype: 'float32', shape: [1], data: Float32Array.of(0) };
  const one = call.tf.reshape(held(call, fill).tensor, []);
  return { dtype: fill.dtype, tensor: call.tf.broadcastTo(one, input(call, 0).numbers()) };
};

const sequence: Operator = (call) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => input(call, i).numbers()[0]!);
  const { dtype } = input(call, 0);
  const length = Math.max(Math.ceil((limit! - start!) / delta!), 0);
  const list = Array.from({ length }, (_, i) => start! + i * delta!);
  return { dtype, tensor: call.tf.tensor1d(list, dtype.includes('float') ? 'float32' : 'int32') };
};

/** At inference, a mask of ones beside the input itself. */
const dropout: Operator = (call) => {
  const x = tensor(call, 0);
  if (call.inputs[2]?.numbers()[0]) unsupported('dropout in training mode');
  return [call.tf.clone(x), { dtype: 'bool' as DType, tensor: call.tf.onesLike(call.tf.cast(x, 'bool')) }].slice(
    0,
    call.node.outputs.length,
  );
};

export const shapes: Operators = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Shape: shapeOf,
  Size: (call) => ({ dtype: 'int64', tensor: call.tf.scalar(sizeOf(input(call, 0).shape), 'int32') }),
  Expand: expand,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Range: sequence,
  Dropout: dropout,
};

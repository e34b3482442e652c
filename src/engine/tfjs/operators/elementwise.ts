import { attrInt } from '../../../model/graph.ts';
import type { DType } from '../../../model/tensor.ts';
import { type Call, input, isInteger, type Operator, type Operators, tensor, unsupported } from '../call.ts';
import type { Tf, TfTensor } from '../library.ts';

type Unary = (tf: Tf, x: TfTensor) => TfTensor;
type Binary = (tf: Tf, a: TfTensor, b: TfTensor) => TfTensor;

export const unary =
  (f: Unary): Operator =>
  (call) =>
    f(call.tf, tensor(call, 0));

/** Arithmetic that would wrap around in small types is refused: the tensors that hold them are 32 bits wide. */
const wrapping: readonly DType[] = ['int8', 'uint8', 'int16', 'uint16', 'uint32', 'uint64'];

function arithmetic(f: Binary, ofIntegers: Binary = f): Operator {
  return (call) => {
    const { dtype } = input(call, 0);
    if (wrapping.includes(dtype)) unsupported(`arithmetic of ${dtype}`);
    const [a, b] = [tensor(call, 0), tensor(call, 1)];
    if (!isInteger(dtype)) return f(call.tf, a, b);
    if (dtype === 'int64') checkRange(call.tf, f, a, b);
    return ofIntegers(call.tf, a, b);
  };
}

/** @throws Error when a sum or product of int64 leaves 32 bits */
function checkRange(tf: Tf, f: Binary, a: TfTensor, b: TfTensor): void {
  const approximate = tf.abs(f(tf, tf.cast(a, 'float32'), tf.cast(b, 'float32')));
  if (approximate.size > 0 && tf.any(tf.greaterEqual(approximate, 2 ** 31)).dataSync()[0]) {
    throw new Error('an int64 result does not fit into 32 bits, and TensorFlow.js has no wider integers');
  }
}

/** Towards zero, as ONNX and C have it; TensorFlow.js rounds down. */
const truncatedQuotient: Binary = (tf, a, b) => {
  const down = tf.floorDiv(a, b);
  const inexact = tf.notEqual(tf.mul(down, b), a);
  const negative = tf.notEqual(tf.less(a, 0), tf.less(b, 0));
  return tf.add(down, tf.cast(tf.logicalAnd(inexact, negative), 'int32'));
};

/** Over any number of inputs. */
const variadic =
  (f: Binary): Operator =>
  (call) => {
    const [first, ...rest] = call.inputs.map((_, i) => tensor(call, i));
    return rest.reduce((a, b) => f(call.tf, a, b), first!);
  };

const sum = variadic((tf, a, b) => tf.add(a, b));

const mod: Operator = (call) => {
  const { tf } = call;
  const [a, b] = [tensor(call, 0), tensor(call, 1)];
  if (attrInt(call.node, 'fmod', 0) === 0) return tf.mod(a, b);
  return tf.mul(tf.sign(a), tf.mod(tf.abs(a), tf.abs(b)));
};

const power: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  return tf.cast(tf.pow(x, tf.cast(tensor(call, 1), x.dtype)), x.dtype);
};

/** Comparisons and logic answer bool. */
const predicate =
  (f: Binary): Operator =>
  (call) => ({ dtype: 'bool', tensor: f(call.tf, tensor(call, 0), tensor(call, 1)) });

const where: Operator = (call) => {
  const { tf } = call;
  const shapes = [0, 1, 2].map((i) => tensor(call, i).shape);
  const shape = broadcastShape(...shapes);
  const spread = (i: number): TfTensor => {
    const t = tensor(call, i);
    return `${t.shape}` === `${shape}` ? t : tf.broadcastTo(t, shape);
  };
  return { dtype: input(call, 1).dtype, tensor: tf.where(spread(0), spread(1), spread(2)) };
};

/** NumPy-style common shape. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const dims = shapes.map((s) => s[d - rank + s.length] ?? 1);
    const size = dims.find((n) => n !== 1) ?? 1;
    if (dims.some((n) => n !== 1 && n !== size)) throw new Error(`cannot broadcast ${JSON.stringify(shapes)}`);
    return size;
  });
}

const isNan: Operator = (call) => ({ dtype: 'bool', tensor: call.tf.isNaN(tensor(call, 0)) });

const isInf: Operator = (call: Call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const sides = [
    attrInt(call.node, 'detect_positive', 1) ? [tf.greater(x, 0)] : [],
    attrInt(call.node, 'detect_negative', 1) ? [tf.less(x, 0)] : [],
  ].flat();
  const side = sides.reduce((a, b) => tf.logicalOr(a, b), tf.zerosLike(tf.cast(x, 'bool')));
  return { dtype: 'bool', tensor: tf.logicalAnd(tf.isInf(x), side) };
};

export const elementwise: Operators = {
  Neg: unary((tf, x) => tf.neg(x)),
  Abs: unary((tf, x) => tf.abs(x)),
  Sign: unary((tf, x) => tf.sign(x)),
  Sqrt: unary((tf, x) => tf.sqrt(x)),
  Exp: unary((tf, x) => tf.exp(x)),
  Log: unary((tf, x) => tf.log(x)),
  Sin: unary((tf, x) => tf.sin(x)),
  Cos: unary((tf, x) => tf.cos(x)),
  Tan: unary((tf, x) => tf.tan(x)),
  Asin: unary((tf, x) => tf.asin(x)),
  Acos: unary((tf, x) => tf.acos(x)),
  Atan: unary((tf, x) => tf.atan(x)),
  Sinh: unary((tf, x) => tf.sinh(x)),
  Asinh: unary((tf, x) => tf.asinh(x)),
  Acosh: unary((tf, x) => tf.acosh(x)),
  Atanh: unary((tf, x) => tf.atanh(x)),
  Cosh: unary((tf, x) => tf.cosh(x)),
  Reciprocal: unary((tf, x) => tf.reciprocal(x)),
  Floor: unary((tf, x) => tf.floor(x)),
  Ceil: unary((tf, x) => tf.ceil(x)),
  Round: unary((tf, x) => tf.round(x)),
  Identity: unary((tf, x) => tf.clone(x)),
  Add: arithmetic((tf, a, b) => tf.add(a, b)),
  Sub: arithmetic((tf, a, b) => tf.sub(a, b)),
  Mul: arithmetic((tf, a, b) => tf.mul(a, b)),
  Div: arithmetic((tf, a, b) => tf.div(a, b), truncatedQuotient),
  Mod: mod,
  Pow: power,
  Min: variadic((tf, a, b) => tf.minimum(a, b)),
  Max: variadic((tf, a, b) => tf.maximum(a, b)),
  Sum: sum,
  Mean: (call) => call.tf.div(sum(call) as TfTensor, call.inputs.length),
  Equal: predicate((tf, a, b) => tf.equal(a, b)),
  Less: predicate((tf, a, b) => tf.less(a, b)),
  Greater: predicate((tf, a, b) => tf.greater(a, b)),
  LessOrEqual: predicate((tf, a, b) => tf.lessEqual(a, b)),
  GreaterOrEqual: predicate((tf, a, b) => tf.greaterEqual(a, b)),
  And: predicate((tf, a, b) => tf.logicalAnd(a, b)),
  Or: predicate((tf, a, b) => tf.logicalOr(a, b)),
  Xor: predicate((tf, a, b) => tf.logicalXor(a, b)),
  Not: (call) => ({ dtype: 'bool', tensor: call.tf.logicalNot(tensor(call, 0)) }),
  Where: where,
  IsNaN: isNan,
  IsInf: isInf,
};

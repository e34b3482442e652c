import { attrInt } from '../../../src/model/graph.ts';
import type { DType } from '../../../src/model/tensor.ts';
import { type Call, type Operator, type Operators, required } from './call.ts';
import { fromBrain, fromHalf, roundHalfToEven, toBrain, toHalf } from './half.ts';
import { atBroadcast, broadcastShape, isInteger, tabulate, type Value } from './value.ts';

const unary =
  (f: (x: number) => number): Operator =>
  (call) => {
    const x = required(call, 0);
    return { ...x, data: x.data.map(f) };
  };

/** Of any number of inputs, broadcast together. */
const joined =
  (f: (values: number[], dtype: DType) => number, result?: DType): Operator =>
  (call) => {
    const values = call.node.inputs.map((_, i) => required(call, i));
    const dtype = values[0]!.dtype;
    return tabulate(result ?? dtype, broadcastShape(...values.map((v) => v.shape)), (index) =>
      f(
        values.map((v) => atBroadcast(v, index)),
        dtype,
      ),
    );
  };

const binary = (f: (a: number, b: number, dtype: DType) => number, result?: DType): Operator =>
  joined(([a, b], dtype) => f(a!, b!, dtype), result);

const sum = (list: number[]): number => list.reduce((a, b) => a + b, 0);

export const elementwise: Operators = {
  Neg: unary((x) => -x),
  Abs: unary(Math.abs),
  Sign: unary(Math.sign),
  Sqrt: unary(Math.sqrt),
  Exp: unary(Math.exp),
  Log: unary(Math.log),
  Sin: unary(Math.sin),
  Cos: unary(Math.cos),
  Tan: unary(Math.tan),
  Asin: unary(Math.asin),
  Acos: unary(Math.acos),
  Atan: unary(Math.atan),
  Sinh: unary(Math.sinh),
  Cosh: unary(Math.cosh),
  Asinh: unary(Math.asinh),
  Acosh: unary(Math.acosh),
  Atanh: unary(Math.atanh),
  Reciprocal: unary((x) => 1 / x),
  Floor: unary(Math.floor),
  Ceil: unary(Math.ceil),
  Round: unary(roundHalfToEven),
  Not: unary((x) => (x ? 0 : 1)),

  Add: binary((a, b) => a + b),
  Sub: binary((a, b) => a - b),
  Mul: binary((a, b) => a * b),
  Div: binary((a, b, dtype) => (isInteger(dtype) ? Math.trunc(a / b) : a / b)),
  Pow: binary((a, b) => a ** b),
  /** Sign of the divisor, or of the dividend with fmod = 1. */
  Mod: (call) => {
    const fmod = attrInt(call.node, 'fmod', 0) === 1;
    return binary((a, b) => (fmod ? a % b : a - b * Math.floor(a / b)))(call);
  },
  Min: joined((list) => Math.min(...list)),
  Max: joined((list) => Math.max(...list)),
  Sum: joined(sum),
  Mean: joined((list) => sum(list) / list.length),

  Equal: binary((a, b) => Number(a === b), 'bool'),
  Less: binary((a, b) => Number(a < b), 'bool'),
  Greater: binary((a, b) => Number(a > b), 'bool'),
  LessOrEqual: binary((a, b) => Number(a <= b), 'bool'),
  GreaterOrEqual: binary((a, b) => Number(a >= b), 'bool'),
  And: binary((a, b) => Number(a && b), 'bool'),
  Or: binary((a, b) => Number(a || b), 'bool'),
  Xor: binary((a, b) => Number(a !== b), 'bool'),

  Where: (call) => {
    const [condition, x, y] = [0, 1, 2].map((i) => required(call, i)) as [Value, Value, Value];
    return tabulate(x.dtype, broadcastShape(condition.shape, x.shape, y.shape), (index) =>
      atBroadcast(condition, index) ? atBroadcast(x, index) : atBroadcast(y, index),
    );
  },

  Cast: (call) => cast(required(call, 0), castTarget(call)),
  CastLike: (call) => cast(required(call, 0), required(call, 1).dtype),
};

/** TensorProto.DataType */
const dtypes: Readonly<Record<number, DType>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

function castTarget(call: Call): DType {
  const code = attrInt(call.node, 'to', 0);
  const dtype = dtypes[code];
  if (!dtype) throw new Error(`the reference interpreter does not cover Cast to type ${code}`);
  return dtype;
}

/** Floats lose their fraction on the way to integers; float32 is deliberately not rounded (all is float64 here). */
function cast(x: Value, dtype: DType): Value {
  const convert = (v: number): number => {
    if (dtype === 'bool') return v === 0 ? 0 : 1;
    if (dtype === 'float16') return fromHalf(toHalf(v));
    if (dtype === 'bfloat16') return fromBrain(toBrain(v));
    if (isInteger(dtype)) return Math.trunc(v);
    return v;
  };
  return { dtype, shape: x.shape, data: x.data.map(convert) };
}

/**
 * Values inside the reference interpreter: whatever the element type, the numbers are kept as float64.
 * Integers are exact up to 2^53, bool is 0 or 1. Strings are not supported.
 */
import { type DType, sizeOf, type Tensor, type TensorData } from '../../../src/model/tensor.ts';
import { fromBrain, fromHalf, toBrain, toHalf } from './half.ts';

export interface Value {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Index = readonly number[];

/** Position of an index in row-major data. */
export function flat(shape: readonly number[], index: Index): number {
  let at = 0;
  for (let d = 0; d < shape.length; d++) at = at * shape[d]! + index[d]!;
  return at;
}

/** Calls `visit` for every index of a shape in row-major order. The index array is reused: copy it to keep it. */
export function forEachIndex(shape: readonly number[], visit: (index: Index, at: number) => void): void {
  const index = shape.map(() => 0);
  const count = sizeOf(shape);
  for (let at = 0; at < count; at++) {
    visit(index, at);
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d]!++;
      if (index[d]! < shape[d]!) break;
      index[d] = 0;
    }
  }
}

/** A value whose every element is computed from its index. */
export function tabulate(dtype: DType, shape: readonly number[], f: (index: Index, at: number) => number): Value {
  const data = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, at) => {
    data[at] = f(index, at);
  });
  return { dtype, shape: [...shape], data };
}

export function at(value: Value, index: Index): number {
  return value.data[flat(value.shape, index)]!;
}

export function ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
  return { dtype: 'int64', shape, data: Float64Array.from(values) };
}

export function isInteger(dtype: DType): boolean {
  return dtype.startsWith('int') || dtype.startsWith('uint');
}

/** `axis` counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1)) throw new RangeError(`axis ${axis} is outside rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** NumPy-style common shape. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, d) => {
    const dims = shapes.map((s) => s[d - rank + s.length] ?? 1);
    const size = dims.find((n) => n !== 1) ?? 1;
    if (dims.some((n) => n !== 1 && n !== size)) throw new RangeError(`cannot broadcast ${JSON.stringify(shapes)}`);
    return size;
  });
}

/** Element of `value` at an index of a shape that `value` broadcasts to. */
export function atBroadcast(value: Value, index: Index): number {
  const skip = index.length - value.shape.length;
  return at(
    value,
    value.shape.map((n, d) => (n === 1 ? 0 : index[d + skip]!)),
  );
}

export function fromTensor(tensor: Tensor): Value {
  if (tensor.dtype === 'string') throw new Error('the reference interpreter has no strings');
  const raw = tensor.data as ArrayLike<number | bigint>;
  const data = Float64Array.from({ length: raw.length }, (_, i) => {
    const v = Number(raw[i]!);
    return tensor.dtype === 'float16' ? fromHalf(v) : tensor.dtype === 'bfloat16' ? fromBrain(v) : v;
  });
  return { dtype: tensor.dtype, shape: [...tensor.shape], data };
}

/** With `float64`, every float type comes back as an unrounded float64 tensor; with `declared`, as its own type. */
export function toTensor(value: Value, precision: 'float64' | 'declared'): Tensor {
  const isFloat = value.dtype.includes('float');
  const dtype = precision === 'float64' && isFloat ? 'float64' : value.dtype;
  return { dtype, shape: value.shape, data: encode(value.data, dtype) };
}

function encode(data: Float64Array, dtype: DType): TensorData {
  switch (dtype) {
    case 'float64':
      return data.slice();
    case 'float32':
      return Float32Array.from(data);
    case 'float16':
      return Uint16Array.from(data, toHalf);
    case 'int64':
      return BigInt64Array.from(Array.from(data, BigInt));
    case 'uint64':
      return BigUint64Array.from(Array.from(data, BigInt));
    case 'int32':
      return Int32Array.from(data);
    case 'uint32':
      return Uint32Array.from(data);
    case 'int16':
      return Int16Array.from(data);
    case 'uint16':
      return Uint16Array.from(data);
    case 'int8':
      return Int8Array.from(data);
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data);
    case 'bfloat16':
      return Uint16Array.from(data, toBrain);
    case 'string':
      throw new Error(`the reference interpreter does not write ${dtype}`);
    default:
      return dtype satisfies never;
  }
}

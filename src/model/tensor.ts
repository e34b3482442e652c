/** Tensors as plain values: a type, a shape, and row-major data. */
import { fromBrainFloats, fromHalves, toBrainFloats, toHalves } from './half.ts';

/** Element types by their ONNX names. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool'
  | 'string';

/** float16 and bfloat16 hold their bit patterns in a Uint16Array; bool is one byte an element. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly string[];

export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** Tensors by name: what a graph is fed and what it answers. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Number of elements in a shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Bytes one element takes; undefined for strings. */
export function bytesPerElement(dtype: DType): number | undefined {
  switch (dtype) {
    case 'int8':
    case 'uint8':
    case 'bool':
      return 1;
    case 'float16':
    case 'bfloat16':
    case 'int16':
    case 'uint16':
      return 2;
    case 'float32':
    case 'int32':
    case 'uint32':
      return 4;
    case 'float64':
    case 'int64':
    case 'uint64':
      return 8;
    case 'string':
      return undefined;
    default:
      return dtype satisfies never;
  }
}

/** The typed array that holds a numeric type. */
export function arrayType(dtype: Exclude<DType, 'string'>) {
  switch (dtype) {
    case 'float32':
      return Float32Array;
    case 'float64':
      return Float64Array;
    case 'int8':
      return Int8Array;
    case 'uint8':
    case 'bool':
      return Uint8Array;
    case 'int16':
      return Int16Array;
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return Uint16Array;
    case 'int32':
      return Int32Array;
    case 'uint32':
      return Uint32Array;
    case 'int64':
      return BigInt64Array;
    case 'uint64':
      return BigUint64Array;
    default:
      return dtype satisfies never;
  }
}

/** The bytes of a numeric tensor, shared with it. ONNX and every platform Node runs on are little-endian. */
export function rawBytes(data: Exclude<TensorData, readonly string[]>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export function float32(data: Float32Array | readonly number[], shape: readonly number[]): Tensor {
  return { dtype: 'float32', shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

export function int64(data: readonly number[], shape: readonly number[] = [data.length]): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(data, (v) => BigInt(v)) };
}

export function scalar(value: number): Tensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(value) };
}

/** Types of real numbers. */
const floats = ['float32', 'float64', 'float16', 'bfloat16'] as const;
export type FloatType = (typeof floats)[number];

export const isFloat = (dtype: DType): dtype is FloatType => (floats as readonly DType[]).includes(dtype);

/** A single number of a type of real numbers, rounded to it. */
export function realScalar(value: number, dtype: FloatType): Tensor {
  const single = Float32Array.of(value);
  switch (dtype) {
    case 'float32':
      return { dtype, shape: [], data: single };
    case 'float64':
      return { dtype, shape: [], data: Float64Array.of(value) };
    case 'float16':
      return { dtype, shape: [], data: toHalves(single) };
    case 'bfloat16':
      return { dtype, shape: [], data: toBrainFloats(single) };
    default:
      return dtype satisfies never;
  }
}

/** The same numbers as float32. */
export function inSinglePrecision(tensor: Tensor): Tensor {
  switch (tensor.dtype) {
    case 'float32':
      return tensor;
    case 'float16':
      return float32(fromHalves(tensor.data as Uint16Array), tensor.shape);
    case 'bfloat16':
      return float32(fromBrainFloats(tensor.data as Uint16Array), tensor.shape);
    default:
      return float32(asNumbers(tensor), tensor.shape);
  }
}

/** The data of a float32 tensor; a programming error otherwise. */
export function asFloat32(tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new TypeError(`expected float32, got ${tensor?.dtype}`);
  return tensor.data;
}

/** Elements as JavaScript numbers, whatever their type. */
export function asNumbers(tensor: Tensor): number[] {
  if (tensor.dtype === 'string') throw new TypeError('expected numbers, got strings');
  if (tensor.dtype === 'float16') return Array.from(fromHalves(tensor.data as Uint16Array));
  if (tensor.dtype === 'bfloat16') return Array.from(fromBrainFloats(tensor.data as Uint16Array));
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

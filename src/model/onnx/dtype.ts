/** Element types: our names and the numbers ONNX gives them (TensorProto.DataType). */
import { TensorProto_DataType as Onnx } from 'onnx-buf';
import { arrayType, type DType, type TensorData } from '../tensor.ts';

const numbers = {
  float32: Onnx.FLOAT,
  float64: Onnx.DOUBLE,
  float16: Onnx.FLOAT16,
  bfloat16: Onnx.BFLOAT16,
  int8: Onnx.INT8,
  uint8: Onnx.UINT8,
  int16: Onnx.INT16,
  uint16: Onnx.UINT16,
  int32: Onnx.INT32,
  uint32: Onnx.UINT32,
  int64: Onnx.INT64,
  uint64: Onnx.UINT64,
  bool: Onnx.BOOL,
  string: Onnx.STRING,
} as const satisfies Record<DType, Onnx>;

const names = new Map<number, DType>(Object.entries(numbers).map(([name, n]) => [n, name as DType]));

export const onnxNumber = (dtype: DType): number => numbers[dtype];

/** Undefined for what we do not read: complex, 8-bit floats, 4-bit integers. */
export const dtypeOf = (onnxNumber: number): DType | undefined => names.get(onnxNumber);

export const onnxName = (onnxNumber: number): string => Onnx[onnxNumber] ?? String(onnxNumber);

/** Zeros, or empty strings. */
export function emptyData(dtype: DType, size: number): TensorData {
  return dtype === 'string' ? Array.from({ length: size }, () => '') : new (arrayType(dtype))(size);
}

/** Copies little-endian bytes into a typed array: raw data in a file is rarely aligned. */
export function fromRaw(dtype: Exclude<DType, 'string'>, bytes: Uint8Array): TensorData {
  const aligned = new Uint8Array(bytes.byteLength);
  aligned.set(bytes);
  return new (arrayType(dtype))(aligned.buffer);
}

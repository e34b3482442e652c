/** Elements as they are in memory: lossless, for every type but strings. */
import { CutlineError } from '../../errors.ts';
import { bytesPerElement, type DType, type TensorData } from '../../model/tensor.ts';
import type { Encoding } from './encoding.ts';

export const raw: Encoding = {
  name: 'raw',
  elementBytes: bytesPerElement,
  write: (data) => ({ data: bytesOf(data), scale: 0, zeroPoint: 0 }),
  read({ data }, dtype, _count, where) {
    // A copy: the payload is rarely aligned, and it would keep the whole message alive.
    const bytes = Uint8Array.from(data);
    if (dtype === 'bool' && bytes.some((b) => b > 1)) {
      throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: 'a bool that is neither 0 nor 1' });
    }
    return new (arrayOf(dtype))(bytes.buffer);
  },
};

export const float32: Encoding = {
  ...raw,
  name: 'float32',
  elementBytes: (dtype) => (dtype === 'float32' ? 4 : undefined),
};

function bytesOf(data: TensorData): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new TypeError('strings have no raw form');
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function arrayOf(dtype: DType) {
  switch (dtype) {
    case 'float32':
      return Float32Array;
    case 'float64':
      return Float64Array;
    case 'float16':
    case 'bfloat16':
    case 'uint16':
      return Uint16Array;
    case 'int8':
      return Int8Array;
    case 'uint8':
    case 'bool':
      return Uint8Array;
    case 'int16':
      return Int16Array;
    case 'int32':
      return Int32Array;
    case 'uint32':
      return Uint32Array;
    case 'int64':
      return BigInt64Array;
    case 'uint64':
      return BigUint64Array;
    case 'string':
      throw new TypeError('strings have no raw form');
    default:
      return dtype satisfies never;
  }
}

/** Elements as they are in memory: lossless, for every type but strings. */
import { CutlineError } from '../../errors.ts';
import { arrayType, bytesPerElement, rawBytes, sizeOf, type TensorData } from '../../model/tensor.ts';
import { type Encoding, floatsOf } from './encoding.ts';

const noStrings = 'strings have no raw form';

export const raw: Encoding = {
  name: 'raw',
  carries: (dtype) => bytesPerElement(dtype) !== undefined,
  bits: ({ dtype, shape }) => 8 * bytesPerElement(dtype)! * sizeOf(shape),
  write: ({ data }) => ({ data: bytesOf(data), scale: 0, zeroPoint: 0 }),
  read(data, { dtype }, where) {
    // A copy: the payload is rarely aligned, and it would keep the whole message alive.
    const bytes = new Uint8Array(data);
    if (dtype === 'bool' && bytes.some((b) => b > 1)) {
      throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: 'a bool that is neither 0 nor 1' });
    }
    if (dtype === 'string') throw new TypeError(noStrings);
    return new (arrayType(dtype))(bytes.buffer);
  },
};

export const float32: Encoding = {
  ...raw,
  name: 'float32',
  ...floatsOf(32),
};

function bytesOf(data: TensorData): Uint8Array {
  if (!ArrayBuffer.isView(data)) throw new TypeError(noStrings);
  return rawBytes(data);
}

/** Affine half bytes, one scale and zero point a tensor: element 2i in the low half of byte i, 2i + 1 in the high one; what is left of the last is 0. */
import { CutlineError } from '../../errors.ts';
import { sizeOf } from '../../model/tensor.ts';
import { affineOf, quantised, requireAffine } from './affine.ts';
import { type Encoding, float32sOf, floatsOf } from './encoding.ts';

const levels = 16;

export const uint4: Encoding = {
  name: 'uint4',
  ...floatsOf(4),
  write(tensor, where) {
    const values = float32sOf(tensor);
    const affine = affineOf(values, levels, 'uint4', where);
    const q = quantised(values, affine, levels);
    const data = new Uint8Array(Math.ceil(q.length / 2));
    for (let i = 0; i < q.length; i++) data[i >> 1]! |= q[i]! << (4 * (i & 1));
    return { data, ...affine };
  },
  read(data, { shape, scale, zeroPoint }, where) {
    requireAffine({ scale, zeroPoint }, levels, where);
    const values = new Float32Array(sizeOf(shape));
    if (values.length % 2 === 1 && data.at(-1)! > 15) {
      throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: 'bits after the last element' });
    }
    for (let i = 0; i < values.length; i++) values[i] = scale * (((data[i >> 1]! >> (4 * (i & 1))) & 15) - zeroPoint);
    return values;
  },
};

/** Affine bytes, one scale and zero point a tensor. */
import { affineOf, quantised, requireAffine } from './affine.ts';
import { type Encoding, float32sOf, floatsOf } from './encoding.ts';

const levels = 256;
const codec = 'uint8';

export const uint8: Encoding = {
  name: codec,
  ...floatsOf(8),
  write(tensor, where) {
    const values = float32sOf(tensor);
    const affine = affineOf(values, levels, codec, where);
    return { data: quantised(values, affine, levels), ...affine };
  },
  read(data, { scale, zeroPoint }, where) {
    requireAffine({ scale, zeroPoint }, levels, where);
    const values = new Float32Array(data.length);
    for (let i = 0; i < values.length; i++) values[i] = scale * (data[i]! - zeroPoint);
    return values;
  },
};

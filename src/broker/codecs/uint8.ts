/**
 * Affine bytes, one scale and zero point a tensor: x = scale · (q − zeroPoint), as in ONNX QuantizeLinear. The range is
 * widened to hold 0, so that the zeros a ReLU leaves stay exact; |error| ≤ scale / 2.
 */
import { CutlineError } from '../../errors.ts';
import { sizeOf } from '../../model/tensor.ts';
import { type Encoding, float32sOf, floatsOf } from './encoding.ts';

/** Below it a float32 loses precision: the scale is kept normal. */
const SMALLEST_SCALE = 2 ** -126;

/** Beyond it, 255 steps no longer fit into a float32 everywhere. */
const MAX_RANGE = 2 ** 127;

export const uint8: Encoding = {
  name: 'uint8',
  ...floatsOf(8),

  write(tensor, where) {
    const values = float32sOf(tensor);
    let low = 0;
    let high = 0;
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const x = values[i]!;
      if (x < low) low = x;
      else if (x > high) high = x;
      sum += x - x; // NaN where x is NaN or infinite: one add instead of a branch
    }
    if (sum !== 0) {
      throw new CutlineError('CODEC_RANGE', { tensor: where, codec: 'uint8', problem: 'NaN or infinity' });
    }
    if (high - low > MAX_RANGE) {
      throw new CutlineError('CODEC_RANGE', { tensor: where, codec: 'uint8', problem: `a range of ${high - low}` });
    }
    const scale = Math.fround(Math.max((high - low) / 255, SMALLEST_SCALE));
    const zeroPoint = Math.min(255, Math.max(0, Math.round(-low / scale)));
    // A clamped array rounds to nearest, ties to even, and clamps: exactly QuantizeLinear's rule.
    const q = new Uint8ClampedArray(values.length);
    for (let i = 0; i < q.length; i++) q[i] = values[i]! / scale + zeroPoint;
    return { data: new Uint8Array(q.buffer), scale, zeroPoint };
  },

  read(data, { shape, scale, zeroPoint }, where) {
    if (!(Number.isFinite(scale) && scale > 0) || zeroPoint < 0 || zeroPoint > 255) {
      throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: `scale ${scale}, zero point ${zeroPoint}` });
    }
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = scale * (data[i]! - zeroPoint);
    return values;
  },
};

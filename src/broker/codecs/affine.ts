/**
 * Affine levels: x = scale · (q − zeroPoint), as in ONNX QuantizeLinear, with q from 0 to levels − 1. The range is widened to hold 0,
 * so that the zeros a ReLU leaves stay exact; |error| ≤ scale / 2.
 */
import { CutlineError } from '../../errors.ts';

/** Below it a float32 loses precision: the scale is kept normal. */
const SMALLEST_SCALE = 2 ** -126;

/** Beyond it, 255 steps no longer fit into a float32 everywhere. */
const MAX_RANGE = 2 ** 127;

export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** @throws CutlineError CODEC_RANGE for what has no range */
export function affineOf(values: Float32Array, levels: number, codec: string, where: string): Affine {
  let low = 0;
  let high = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!;
    if (x < low) low = x;
    else if (x > high) high = x;
    sum += x - x; // NaN where x is NaN or infinite: one add instead of a branch
  }
  if (sum !== 0) throw new CutlineError('CODEC_RANGE', { tensor: where, codec, problem: 'NaN or infinity' });
  if (high - low > MAX_RANGE) {
    throw new CutlineError('CODEC_RANGE', { tensor: where, codec, problem: `a range of ${high - low}` });
  }
  const top = levels - 1;
  const scale = Math.fround(Math.max((high - low) / top, SMALLEST_SCALE));
  return { scale, zeroPoint: Math.min(top, Math.max(0, Math.round(-low / scale))) };
}

/** Levels from 0 to 255, a byte each. */
export function quantised(values: Float32Array, { scale, zeroPoint }: Affine, levels: number): Uint8Array {
  // A clamped array rounds to nearest, ties to even, and clamps: exactly QuantizeLinear's rule.
  const q = new Uint8ClampedArray(values.length);
  const top = levels - 1;
  for (let i = 0; i < q.length; i++) q[i] = values[i]! / scale + zeroPoint;
  if (top < 255) for (let i = 0; i < q.length; i++) if (q[i]! > top) q[i] = top;
  return new Uint8Array(q.buffer);
}

/** As it came from a stranger. @throws CutlineError TENSOR_INVALID */
export function requireAffine({ scale, zeroPoint }: Affine, levels: number, where: string): void {
  if (Number.isFinite(scale) && scale > 0 && zeroPoint >= 0 && zeroPoint < levels) return;
  throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: `scale ${scale}, zero point ${zeroPoint}` });
}

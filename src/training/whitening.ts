/** Mean and Cholesky factor of codes: code = mean + L·white. */
import { cholesky } from '../numeric/index.ts';

export interface Whitening {
  readonly mean: Float64Array;
  /** Lower triangle, row by row [k, k]. */
  readonly factor: Float64Array;
  /** Its inverse. */
  readonly inverse: Float64Array;
}

/** Of the largest variance: what varies less is taken to vary by so much. */
const leastVariance = 1e-4;

/** @param codes [n, k] */
export function whitening(codes: Float32Array, k: number): Whitening {
  const n = codes.length / k;
  const mean = new Float64Array(k);
  for (let i = 0; i < codes.length; i++) mean[i % k]! += codes[i]! / n;
  const covariance = new Float64Array(k * k);
  for (let r = 0; r < n; r++) {
    for (let i = 0; i < k; i++) {
      const d = codes[r * k + i]! - mean[i]!;
      for (let j = 0; j <= i; j++) covariance[i * k + j]! += (d * (codes[r * k + j]! - mean[j]!)) / n;
    }
  }
  const variances = Array.from({ length: k }, (_, i) => covariance[i * k + i]!);
  const ridge = Math.max(leastVariance * Math.max(...variances), 1e-12);
  for (let i = 0; i < k; i++) covariance[i * k + i]! += ridge;
  // The ridge has made it positive definite.
  const factor = cholesky(covariance, k)!;
  return { mean, factor, inverse: inverseOf(factor, k) };
}

function inverseOf(l: Float64Array, k: number): Float64Array {
  const inverse = new Float64Array(k * k);
  for (let column = 0; column < k; column++) {
    for (let i = column; i < k; i++) {
      let sum = i === column ? 1 : 0;
      for (let m = column; m < i; m++) sum -= l[i * k + m]! * inverse[m * k + column]!;
      inverse[i * k + column] = sum / l[i * k + i]!;
    }
  }
  return inverse;
}

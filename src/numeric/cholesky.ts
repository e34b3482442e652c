/** The root of a positive definite matrix. */

/**
 * The lower triangle L with L·Lᵀ = a, row by row, in the precision of a.
 * @param a symmetric, n × n; its lower triangle is read
 * @param leastPivot where given, no pivot is taken to be smaller: rounding must not make it so
 * @returns undefined where a is not positive definite, be it by rounding; of finite numbers never with a least pivot above zero
 */
export function cholesky<T extends Float32Array | Float64Array>(a: T, n: number, leastPivot: number): T;
export function cholesky<T extends Float32Array | Float64Array>(a: T, n: number): T | undefined;
export function cholesky(
  a: Float32Array | Float64Array,
  n: number,
  leastPivot = 0,
): Float32Array | Float64Array | undefined {
  const l = a instanceof Float32Array ? new Float32Array(n * n) : new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const own = l.subarray(i * n, i * n + n);
    for (let j = 0; j <= i; j++) {
      const other = l.subarray(j * n, j * n + n);
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= own[k]! * other[k]!;
      if (i !== j) own[j] = sum / other[j]!;
      else {
        const pivot = Math.max(sum, leastPivot);
        if (!(pivot > 0)) return undefined;
        own[i] = Math.sqrt(pivot);
      }
    }
  }
  return l;
}

/** Eigenvectors of a small matrix as columns, by Jacobi's rotations (Golub & Van Loan, §8.5). */
export function eigenvectors(matrix: Float64Array, n: number): Float32Array {
  const a = Float64Array.from(matrix);
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % n === Math.floor(i / n) ? 1 : 0));
  const rotate = (m: Float64Array, p: number, q: number, step: number, stride: number, c: number, s: number) => {
    for (let k = 0; k < n; k++) {
      const [i, j] = [k * step + p * stride, k * step + q * stride];
      const [x, y] = [m[i]!, m[j]!];
      m[i] = c * x - s * y;
      m[j] = s * x + c * y;
    }
  };
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const off = a[p * n + q]!;
        if (Math.abs(off) < 1e-15) continue;
        const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off);
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        rotate(a, p, q, n, 1, c, t * c);
        rotate(a, p, q, 1, n, c, t * c);
        rotate(v, p, q, n, 1, c, t * c);
      }
  }
  return Float32Array.from(v);
}

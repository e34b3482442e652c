/** Inner products and linear combinations, four vectors at a time: each value of the vector they share is read once. */

export function dot(a: Float32Array, b: Float32Array): number {
  // Four sums: they keep the processor busy and the rounding small.
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < a.length; i += 4) {
    s0 += a[i]! * b[i]!;
    s1 += a[i + 1]! * b[i + 1]!;
    s2 += a[i + 2]! * b[i + 2]!;
    s3 += a[i + 3]! * b[i + 3]!;
  }
  for (; i < a.length; i++) s0 += a[i]! * b[i]!;
  return s0 + s1 + s2 + s3;
}

/** out[k] = vectors[k]ᵀ·shared. */
export function dots(shared: Float32Array, vectors: readonly Float32Array[], out: Float64Array): void {
  let k = 0;
  for (; k + 3 < vectors.length; k += 4) {
    const [a, b, c, d] = [vectors[k]!, vectors[k + 1]!, vectors[k + 2]!, vectors[k + 3]!];
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0; i < shared.length; i++) {
      const x = shared[i]!;
      s0 += x * a[i]!;
      s1 += x * b[i]!;
      s2 += x * c[i]!;
      s3 += x * d[i]!;
    }
    out[k] = s0;
    out[k + 1] = s1;
    out[k + 2] = s2;
    out[k + 3] = s3;
  }
  for (; k < vectors.length; k++) out[k] = dot(shared, vectors[k]!);
}

/** target += Σ weights[k]·vectors[k]. */
export function addCombination(target: Float64Array, vectors: readonly Float32Array[], weights: Float64Array): void {
  let k = 0;
  for (; k + 3 < vectors.length; k += 4) {
    const [a, b, c, d] = [vectors[k]!, vectors[k + 1]!, vectors[k + 2]!, vectors[k + 3]!];
    const [w0, w1, w2, w3] = [weights[k]!, weights[k + 1]!, weights[k + 2]!, weights[k + 3]!];
    for (let i = 0; i < target.length; i++) {
      target[i] = target[i]! + (w0 * a[i]! + w1 * b[i]! + (w2 * c[i]! + w3 * d[i]!));
    }
  }
  for (; k < vectors.length; k++) {
    const v = vectors[k]!;
    const w = weights[k]!;
    for (let i = 0; i < target.length; i++) target[i] = target[i]! + w * v[i]!;
  }
}

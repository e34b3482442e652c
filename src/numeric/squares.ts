/** How large values are, and how far apart. */

export function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!;
  return sum;
}

/** Mean of the squares of all values of all parts; 0 of none. */
export function meanSquareOf(...parts: readonly ArrayLike<number>[]): number {
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  return count > 0 ? parts.reduce((sum, part) => sum + sumOfSquares(part), 0) / count : 0;
}

/** Σ (a − b)², place by place. */
export function squaredDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = a[i]! - b[i]!;
    sum += d * d;
  }
  return sum;
}

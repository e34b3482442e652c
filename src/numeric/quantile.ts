/** Quantiles, by the one definition that every p50 and p95 here follows: linear between neighbours (Hyndman & Fan 1996, type 7). */

/**
 * @param values at least one
 * @param p 0 … 1
 */
export function quantile(values: ArrayLike<number>, p: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), p);
}

/** @param sorted ascending, at least one */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/** @param values at least one */
export const median = (values: ArrayLike<number>): number => quantile(values, 0.5);

/** Linear maps that act along one axis at a time, such as interpolation and padding: y = M x, so dx = Mᵀ dy. */
import type { Expressions, Term } from '../expressions.ts';

/** M as a term [outputs × inputs], acting along an axis. */
export interface AxisMap {
  readonly axis: number;
  readonly matrix: Term;
}

/**
 * Mᵀ applied along each axis.
 * @param rank of `d` and of the result
 */
export function transposedMaps(g: Expressions, d: Term, maps: readonly AxisMap[], rank: number): Term {
  const last = rank - 1;
  let result = d;
  for (const { axis, matrix } of maps) {
    const perm = Array.from({ length: rank }, (_, i) => (i === axis ? last : i === last ? axis : i));
    // The axis goes last, where a product with M sums over its outputs.
    result = axis === last ? g.matmul(result, matrix) : g.transpose(g.matmul(g.transpose(result, perm), matrix), perm);
  }
  return result;
}

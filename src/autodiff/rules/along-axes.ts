/** Linear maps that act along one axis at a time, such as interpolation and padding: y = M x, so dx = Mᵀ dy. */
import { float32 } from '../../model/tensor.ts';
import type { Expressions, Term } from '../expressions.ts';

/** M as [outputs × inputs], row-major, acting along an axis. */
export interface AxisMap {
  readonly axis: number;
  readonly matrix: Float32Array;
}

/**
 * Mᵀ applied along each axis.
 * @param from shape of the map's input: the result's
 * @param to shape of the map's output: that of `d`
 */
export function transposedMaps(
  g: Expressions,
  d: Term,
  maps: readonly AxisMap[],
  from: readonly number[],
  to: readonly number[],
): Term {
  const last = from.length - 1;
  let result = d;
  for (const { axis, matrix } of maps) {
    const m = g.tensor(float32(matrix, [to[axis]!, from[axis]!]));
    const perm = from.map((_, i) => (i === axis ? last : i === last ? axis : i));
    // The axis goes last, where a product with M sums over its outputs.
    result = axis === last ? g.matmul(result, m) : g.transpose(g.matmul(g.transpose(result, perm), m), perm);
  }
  return result;
}

/** Where the batch is inside a tensor. */

/**
 * Dimension `axis` is outer × batch × inner, in that order in memory. Mostly outer and inner are 1; attention merges
 * the batch with heads (inner) or with tokens (outer).
 */
export interface Place {
  readonly axis: number;
  readonly outer: number;
}

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

export const samePlace = (a: Place, b: Place): boolean => a.axis === b.axis && a.outer === b.outer;

/** Is the leading dimension the batch and nothing else? */
export const isLeading = (p: Place, shape: readonly number[], batch: number): boolean =>
  p.axis === 0 && p.outer === 1 && shape[0] === batch;

/**
 * Follows the batch through a Reshape, which keeps the order in memory: it stays behind as many elements as before.
 * With batch 1 that fits several dimensions. Preferred is one that is the batch alone, then the start of a dimension
 * that is not the last (heads), then the end of one (tokens), since the last dimension holds features.
 */
export function placeAfterReshape(
  p: Place,
  from: readonly number[],
  to: readonly number[],
  batch: number,
): Place | undefined {
  const before = product(from.slice(0, p.axis)) * p.outer;
  const fits = to.flatMap((d, axis) => {
    const prefix = product(to.slice(0, axis));
    const outer = before / prefix;
    return Number.isInteger(outer) && d % (outer * batch) === 0 ? [{ axis, outer, inner: d / (outer * batch) }] : [];
  });
  const best =
    fits.find((f) => f.outer === 1 && f.inner === 1) ??
    fits.find((f) => f.outer === 1 && f.axis < to.length - 1) ??
    fits.find((f) => f.inner === 1) ??
    fits[0];
  return best && { axis: best.axis, outer: best.outer };
}

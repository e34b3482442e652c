/** Comparisons of n vectors with n others, row by row: features, class scores. */
import { argMaxRows } from '../../numeric/index.ts';

/** n rows of equal length, one after another. */
export interface Rows {
  readonly count: number;
  readonly length: number;
  readonly data: Float32Array;
}

/**
 * Cosine of each pair of rows, −1 … 1. A row of zeros has no direction: 0 with anything.
 * @throws RangeError for rows that do not match or hold what is no number
 */
export function cosines(a: Rows, b: Rows): Float64Array {
  checkRows(a, b);
  return Float64Array.from({ length: a.count }, (_, i) => {
    let [dot, aa, bb] = [0, 0, 0];
    for (let k = i * a.length; k < (i + 1) * a.length; k++) {
      const [x, y] = [a.data[k]!, b.data[k]!];
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    return aa > 0 && bb > 0 ? Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb))) : 0;
  });
}

/** 1 where both rows have their largest value in the same place (the first of equals), 0 elsewhere. */
export function sameChoice(a: Rows, b: Rows): Float64Array {
  checkRows(a, b);
  const [ours, others] = [argMaxRows(a.data, a.count), argMaxRows(b.data, b.count)];
  return Float64Array.from(ours, (choice, i) => (choice === others[i] ? 1 : 0));
}

function checkRows(a: Rows, b: Rows): void {
  if (a.count !== b.count || a.length !== b.length) {
    throw new RangeError(`cannot compare ${a.count}×${a.length} with ${b.count}×${b.length}`);
  }
  for (const { data } of [a, b]) if (!data.every(Number.isFinite)) throw new RangeError('a feature is no number');
}

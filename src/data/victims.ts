/** Whose pictures are attacked. */
import { CutlineError } from '../errors.ts';
import type { Split } from './dataset.ts';

/**
 * Indices of n pictures of a split: the first of each label in order of label, then the second of each, and so on; in
 * file order where there are no labels. A label that has run out is passed over.
 * @param name names the data set in the error
 * @throws CutlineError DATA_TOO_FEW
 */
export function victims(split: Split, n: number, name = 'The data set'): number[] {
  if (n > split.count) throw new CutlineError('DATA_TOO_FEW', { name, wanted: n, found: split.count, split: 'test' });
  if (!split.labels) return Array.from({ length: n }, (_, i) => i);
  const byLabel = new Map<number, number[]>();
  split.labels.forEach((label, index) => {
    const list = byLabel.get(label);
    if (list) list.push(index);
    else byLabel.set(label, [index]);
  });
  const queues = [...byLabel].sort(([a], [b]) => a - b).map(([, list]) => list);
  const chosen: number[] = [];
  for (let round = 0; chosen.length < n; round++) {
    for (const queue of queues) if (round < queue.length && chosen.length < n) chosen.push(queue[round]!);
  }
  return chosen;
}

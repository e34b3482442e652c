/** How sure the network is of its answer, as far as its first output says so. */
import { asNumbers, type Tensors } from '../model/tensor.ts';

/** Sums of float32 probabilities stray this far from 1. */
const SLACK = 1e-3;

/**
 * The share of the largest value: of probabilities as they are, of anything else after softmax. Null where one is no number.
 * Meant for classifiers; of other outputs it says how far one value stands out.
 */
export function scoreOf(outputs: Tensors): number | null {
  const values = asNumbers(Object.values(outputs)[0]!);
  let [max, sum, min] = [Number.NEGATIVE_INFINITY, 0, Number.POSITIVE_INFINITY];
  for (const value of values) {
    max = Math.max(max, value);
    min = Math.min(min, value);
    sum += value;
  }
  if (!Number.isFinite(sum) || values.length === 0) return null;
  if (min >= 0 && max <= 1 + SLACK && Math.abs(sum - 1) <= SLACK) return rounded(max);
  let exponentials = 0;
  for (const value of values) exponentials += Math.exp(value - max);
  return rounded(1 / exponentials);
}

const rounded = (share: number): number => Math.round(share * 1e6) / 1e6;

/** What an attacker learns from: pictures of its own, and what the device made of them. */
import type { Tensor, Tensors } from '../../model/index.ts';

export interface Pair {
  /** Network inputs [k, …]. */
  readonly inputs: Tensor;
  /** The tensors of the cut, each [k, …]. */
  readonly features: Tensors;
}

/** The same index has the same answer however often it is read, so that nothing large need be kept. */
export interface Pairs {
  readonly count: number;
  /** How often each picture can be asked again, for other draws of the mechanism; 1 where there are none. Default 1. */
  readonly releases?: number;
  /** @param release 0 … releases − 1; default 0 */
  rows(indices: ArrayLike<number>, release?: number): Promise<Pair>;
}

/** One in ten pairs is kept aside, within these. */
const [fewestKept, mostKept] = [8, 256];

/** So many pairs at the end nobody learns from: they tell when to stop, and which of several answers is the best. */
export function keptAside(count: number): number {
  return Math.min(Math.max(Math.ceil(count / 10), fewestKept), mostKept, Math.floor(count / 2));
}

/** Those that are learnt from. */
export function learntFrom(pairs: Pairs): Pairs {
  return {
    count: pairs.count - keptAside(pairs.count),
    ...(pairs.releases && { releases: pairs.releases }),
    rows: (indices, release) => pairs.rows(indices, release),
  };
}

/** Of the pairs kept aside the first … first + count, the last pair first. */
export function rowsAside(pairs: Pairs, first = 0, count = keptAside(pairs.count) - first): Promise<Pair> {
  return pairs.rows(Int32Array.from({ length: count }, (_, i) => pairs.count - 1 - first - i));
}

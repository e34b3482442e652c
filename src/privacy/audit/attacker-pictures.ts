/** Pictures that an attacker owns. None of them is a victim or stands in the gallery. */
import type { Dataset, Pixels } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import type { Random } from '../../random.ts';
import type { AttackerData } from '../attacks/index.ts';
import { deadLeaves } from './dead-leaves.ts';

export interface AttackerPictures {
  /** Infinity where a program draws them. */
  readonly count: number;
  pixels(indices: readonly number[], signal?: AbortSignal): Promise<Pixels>;
  labels(indices: readonly number[]): Int32Array | undefined;
}

/**
 * @param reserved indices of the test split that no attacker may own
 * @param random decides which pictures come first
 */
export function attackerPictures(
  data: Dataset,
  kind: AttackerData,
  reserved: ReadonlySet<number>,
  random: Random,
): AttackerPictures {
  switch (kind) {
    case 'same-set':
      return drawn(data.train, random.permutation(Math.max(1, data.train.count)).subarray(0, data.train.count));
    case 'same-distribution': {
      // The model was trained on the one split, so that the other is all it has never seen.
      // Shuffled before any is taken away: other victims leave the rest in its order.
      return drawn(
        data.test,
        random.permutation(data.test.count).filter((i) => !reserved.has(i)),
      );
    }
    case 'gaussian':
      return generated(data, (out, i) => gaussian(out, random.fork(i)));
    case 'synthetic':
      return generated(data, (out, i) => deadLeaves(out, data, random.fork(i)));
    default:
      return kind satisfies never;
  }
}

function drawn(split: Dataset['train'], order: ArrayLike<number>): AttackerPictures {
  return {
    count: order.length,
    pixels: (indices, signal) =>
      split.pixels(
        indices.map((i) => order[i]!),
        signal,
      ),
    labels: (indices) => split.labels && Int32Array.from(indices, (i) => split.labels![order[i]!]!),
  };
}

function generated(
  { channels, height, width }: Dataset,
  draw: (out: Uint8Array, index: number) => void,
): AttackerPictures {
  const size = channels * height * width;
  return {
    count: Number.POSITIVE_INFINITY,
    async pixels(indices, signal) {
      if (signal?.aborted) throw new CutlineError('CANCELLED', {}, { cause: signal.reason });
      const data = new Uint8Array(indices.length * size);
      for (const [k, i] of indices.entries()) draw(data.subarray(k * size, (k + 1) * size), i);
      return { count: indices.length, channels, height, width, data };
    },
    labels: () => undefined,
  };
}

/** Independent pixels around mid-grey, a quarter of the range wide. */
function gaussian(out: Uint8Array, random: Random): void {
  for (let i = 0; i < out.length; i++) out[i] = Math.min(255, Math.max(0, Math.round(127.5 + 63.75 * random.normal())));
}

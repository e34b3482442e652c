/** Splits that are already in memory. */
import { CutlineError } from '../errors.ts';
import type { Pixels, Split } from './dataset.ts';

/** The size pictures have, or shall have. */
export interface ImageSize {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

export function memorySplit(size: ImageSize, data: Uint8Array, labels: Int32Array): Split {
  const length = size.channels * size.height * size.width;
  return {
    count: labels.length,
    labels,
    async pixels(indices, signal): Promise<Pixels> {
      stopIfAborted(signal);
      const out = new Uint8Array(indices.length * length);
      indices.forEach((index, i) => {
        checkIndex(index, labels.length);
        out.set(data.subarray(index * length, (index + 1) * length), i * length);
      });
      return { ...size, count: indices.length, data: out };
    },
  };
}

export function checkIndex(index: number, count: number): void {
  if (!(Number.isInteger(index) && index >= 0 && index < count)) {
    throw new RangeError(`picture ${index} of ${count}`);
  }
}

export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CutlineError('CANCELLED', {}, { cause: signal.reason });
}

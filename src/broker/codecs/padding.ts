/**
 * Lengths are seen even through encryption, and what is compressed is as long as the picture makes it. So it is filled up with
 * zeros to a length of few significant bits (Padmé, Nikitin et al. 2019, §4): at most 12 % more, and a length of up to L bytes tells
 * O(log log L) bits of what is in it.
 */
import { CutlineError } from '../../errors.ts';

/** The next length that may be seen; bytes. */
export function paddedLength(bytes: number): number {
  if (bytes < 2) return bytes;
  const step = stepFrom(Math.floor(Math.log2(bytes)));
  return Math.ceil(bytes / step) * step;
}

/** Between lengths of 2^exponent bytes and more, up to twice as many. */
function stepFrom(exponent: number): number {
  return exponent < 1 ? 1 : 2 ** Math.max(0, exponent - (Math.floor(Math.log2(exponent)) + 1));
}

export function padded(data: Uint8Array): Uint8Array {
  const length = paddedLength(data.length);
  if (length === data.length) return data;
  const out = new Uint8Array(length);
  out.set(data);
  return out;
}

/**
 * What follows the end is zeros, and no more than there may be.
 * @param end where what is meant ends
 * @throws CutlineError TENSOR_INVALID
 */
export function requirePadding(data: Uint8Array, end: number, where: string): void {
  if (data.length <= paddedLength(end) && data.subarray(end).every((b) => b === 0)) return;
  throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: 'bytes after the end of what was compressed' });
}

/** Bits that a padded length tells at most, where it lies between 1 and so many bytes. */
export function lengthBits(mostBytes: number): number {
  const most = paddedLength(mostBytes);
  let lengths = most >= 1 ? 1 : 0;
  // Those beyond a power of two and up to the next, or to the end.
  for (let from = 1, exponent = 0; from < most; from *= 2, exponent++) {
    lengths += Math.ceil((Math.min(most, 2 * from) - from) / stepFrom(exponent));
  }
  return Math.log2(Math.max(1, lengths));
}

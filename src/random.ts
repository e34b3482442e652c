/**
 * Randomness for experiments: fast, seeded, the same on every machine. Never for noise that protects people; that is
 * `privacy/defenses`' cryptographic source.
 */
import { createHash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** Uniform on [0, 1), 53 bits. */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Uniform integer in [0, n), 1 ≤ n ≤ 2³². The bias is below 2⁻²¹ of a probability. */
  int(n: number): number;
  /** Fisher–Yates, in place; returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(array: T): T;
  /** 0 … n−1 in random order. */
  permutation(n: number): Int32Array;
  /** Fills with uniform values in [low, high); returns its argument. */
  fillUniform(out: Float32Array, low?: number, high?: number): Float32Array;
  /** Fills with normal values; returns its argument. */
  fillNormal(out: Float32Array, sigma?: number, mean?: number): Float32Array;
  /**
   * An independent stream. It depends on the seed and the labels that led here, not on how much was drawn before, so
   * adding a draw in one part of an experiment leaves the other parts as they were.
   */
  fork(label: string | number): Random;
}

/** @param seed any safe integer */
export function createRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a safe integer, got ${seed}`);
  return fromPath(String(seed));
}

const TWO_32 = 2 ** 32;

/** SHA-256 spreads seed and labels over the 128 bits of state: neighbouring seeds give unrelated streams. */
function fromPath(path: string): Random {
  const digest = createHash('sha256').update(path).digest();
  const bits = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
  let spare = Number.NaN;

  // The lowest bits of xoroshiro128+ are its weakest: both halves are taken from the top.
  const uniform = () => ((bits.next() >>> 5) * 0x4000000 + (bits.next() >>> 6)) / 2 ** 53;

  // Marsaglia's polar method: two normals for 1.27 pairs of draws, no trigonometry.
  const normal = () => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    for (;;) {
      const a = (bits.next() + 0.5) / 2 ** 31;
      const b = (bits.next() + 0.5) / 2 ** 31;
      const square = a * a + b * b;
      if (square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = a * scale;
      return b * scale;
    }
  };

  const int = (n: number) => {
    if (!(Number.isInteger(n) && n >= 1 && n <= TWO_32)) throw new RangeError(`int(${n}): want 1 … 2^32`);
    return Math.floor(uniform() * n);
  };

  return {
    uniform,
    normal,
    int,
    shuffle(array) {
      for (let i = array.length - 1; i > 0; i--) {
        const j = int(i + 1);
        const kept = array[i];
        array[i] = array[j];
        array[j] = kept;
      }
      return array;
    },
    permutation(n) {
      const order = new Int32Array(n);
      for (let i = 0; i < n; i++) order[i] = i;
      return this.shuffle(order);
    },
    fillUniform(out, low = 0, high = 1) {
      const span = high - low;
      // float32 has 24 bits: one draw is enough, and 24 of them keep the upper end open after rounding.
      for (let i = 0; i < out.length; i++) out[i] = low + ((bits.next() >>> 8) / 2 ** 24) * span;
      return out;
    },
    fillNormal(out, sigma = 1, mean = 0) {
      for (let i = 0; i < out.length; i++) out[i] = mean + sigma * normal();
      return out;
    },
    fork: (label) => fromPath(`${path}\u0000${label}`),
  };
}

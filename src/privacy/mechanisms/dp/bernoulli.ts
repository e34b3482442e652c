/** Exact coins from random bits: integers only, so that no rounding of a float decides what is private. */

/** Fills with independent random words. */
export type Words = (out: Uint32Array) => void;

const pooled = 4096;

/** Random integers and coins without any bias. */
export class Coins {
  readonly #words: Words;
  readonly #pool = new Uint32Array(pooled);
  #at = pooled;

  constructor(words: Words) {
    this.#words = words;
  }

  word(): number {
    if (this.#at === pooled) {
      this.#words(this.#pool);
      this.#at = 0;
    }
    const value = this.#pool[this.#at]!;
    // Used bits do not stay in memory.
    this.#pool[this.#at++] = 0;
    return value;
  }

  /** Uniform in 0 … n − 1, by rejection; 1 ≤ n ≤ 2⁵³. */
  below(n: number): number {
    const range = n <= 2 ** 32 ? 2 ** 32 : 2 ** 53;
    for (;;) {
      const w = range === 2 ** 32 ? this.word() : (this.word() >>> 11) * 2 ** 32 + this.word();
      // Below the last whole multiple of n; where that lies is worked out for the few that come near.
      if (w < range - n || w < range - (range % n)) return w % n;
    }
  }

  /** True with probability exp(−numerator/denominator): Canonne, Kamath and Steinke 2020, algorithm 1. Integers ≥ 0. */
  exponential(numerator: number, denominator: number): boolean {
    let rest = numerator;
    for (; rest > denominator; rest -= denominator) if (!this.#atMostOne(1, 1)) return false;
    return this.#atMostOne(rest, denominator);
  }

  /** γ = n/d ≤ 1: the number of successes of Bernoulli(γ/k), k = 1, 2, …, is even with probability exp(−γ). */
  #atMostOne(n: number, d: number): boolean {
    for (let k = 1; ; k++) if (this.below(d * k) >= n) return k % 2 === 1;
  }
}

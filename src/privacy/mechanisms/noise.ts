/** Where noise comes from. One interface, two sources: seeded for experiments, cryptographic for people. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../../random.ts';
import { fillNormal, uniform, type WordPool } from './ziggurat.ts';

export interface NoiseSource {
  /** Fills with independent normal values, mean 0, standard deviation sigma. */
  gaussian(out: Float32Array, sigma: number): void;
  /** Fills with independent Laplace values, mean 0, density exp(−|x|/b) / 2b; standard deviation b√2. */
  laplace(out: Float32Array, b: number): void;
  /** Fills with independent values, uniform on [0, 1), of 24 bits. */
  uniform(out: Float32Array): void;
  /** Fills with independent random bits, for what is sampled exactly. */
  words(out: Uint32Array): void;
}

/** Repeatable: for audits and training. Whoever knows the seed can subtract the noise, so never on a device. */
export function seededNoise(random: Random): NoiseSource {
  return {
    gaussian: (out, sigma) => void random.fillNormal(out, sigma),
    laplace(out, b) {
      for (let i = 0; i < out.length; i++) {
        const u = random.uniform() - 0.5;
        out[i] = -b * Math.sign(u) * Math.log(1 - 2 * Math.abs(u));
      }
    },
    uniform: (out) => void random.fillUniform(out),
    words(out) {
      for (let i = 0; i < out.length; i++) out[i] = random.int(2 ** 32);
    },
  };
}

const poolBytes = 1 << 16;

/**
 * Noise from the operating system's cryptographic generator: past and future noise cannot be worked out from noise that
 * was observed, as it could with any fast generator. 53 bits a draw, because a coarse uniform cuts the tails off and leaves
 * gaps near 0. Sums are rounded to float32: what claims an ε is drawn from `words` instead (Mironov, CCS 2012).
 *
 * @param fill for tests only
 */
export function cryptographicNoise(fill: (pool: Uint8Array) => void = randomFillSync): NoiseSource {
  const bytes = new Uint8Array(poolBytes);
  const words = new Uint32Array(bytes.buffer);
  const pool: WordPool = { words, at: words.length, refill: () => fill(bytes) };
  return {
    gaussian: (out, sigma) => fillNormal(out, sigma, pool),
    laplace(out, b) {
      // The difference of two exponentials of mean b is Laplace(b).
      for (let i = 0; i < out.length; i++) out[i] = b * (Math.log(uniform(pool)) - Math.log(uniform(pool)));
    },
    uniform(out) {
      // Down to 24 bits, so that no value rounds up to 1.
      for (let i = 0; i < out.length; i++) out[i] = Math.floor((1 - uniform(pool)) * 2 ** 24) / 2 ** 24;
    },
    words: (out) => fill(new Uint8Array(out.buffer, out.byteOffset, out.byteLength)),
  };
}

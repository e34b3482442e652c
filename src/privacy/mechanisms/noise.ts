/** Where noise comes from. One interface, two sources: seeded for experiments, cryptographic for people. */
import { randomFillSync } from 'node:crypto';
import type { Random } from '../../random.ts';

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

const POOL_BYTES = 1 << 16;
const TWO_PI = 2 * Math.PI;

/**
 * Noise from the operating system's cryptographic generator: past and future noise cannot be worked out from noise that
 * was observed, as it could with any fast generator.
 *
 * 53 bits a draw, because a coarse uniform cuts the tails off and leaves gaps near 0. Box–Muller rather than a rejection
 * method: every value takes the same steps, so time says nothing about it; the tails reach 8.57 σ (missing mass 1e-17).
 * Sums are rounded to float32, which for a formal ε would need snapping (Mironov, CCS 2012); no ε is claimed here.
 *
 * @param fill for tests only
 */
export function cryptographicNoise(fill: (pool: Uint8Array) => void = randomFillSync): NoiseSource {
  const pool = new Uint8Array(POOL_BYTES);
  const words = new Uint32Array(pool.buffer);
  let at = words.length;

  /** Uniform on (0, 1]: its logarithm is finite. */
  const uniform = () => {
    if (at === words.length) {
      fill(pool);
      at = 0;
    }
    const high = words[at]! >>> 5;
    const low = words[at + 1]! >>> 6;
    // Used bytes do not stay in memory.
    words[at++] = 0;
    words[at++] = 0;
    return (high * 0x4000000 + low + 1) / 2 ** 53;
  };

  return {
    gaussian(out, sigma) {
      for (let i = 0; i < out.length; i += 2) {
        const radius = sigma * Math.sqrt(-2 * Math.log(uniform()));
        const angle = TWO_PI * uniform();
        out[i] = radius * Math.cos(angle);
        // Past the end of an array of odd length this writes nothing.
        out[i + 1] = radius * Math.sin(angle);
      }
    },
    laplace(out, b) {
      // The difference of two exponentials of mean b is Laplace(b).
      for (let i = 0; i < out.length; i++) out[i] = b * (Math.log(uniform()) - Math.log(uniform()));
    },
    uniform(out) {
      // Down to 24 bits, so that no value rounds up to 1.
      for (let i = 0; i < out.length; i++) out[i] = Math.floor((1 - uniform()) * 2 ** 24) / 2 ** 24;
    },
    words: (out) => fill(new Uint8Array(out.buffer, out.byteOffset, out.byteLength)),
  };
}

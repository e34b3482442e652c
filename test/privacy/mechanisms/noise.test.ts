import { describe, expect, it } from 'vitest';
import { cryptographicNoise, seededNoise } from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';
import { distanceFrom, laplaceCdf, normalCdf, rareDistance } from '../../support/distance.ts';

const n = 200_000;

/** Bytes that repeat, so that a statistical test of the cryptographic transforms cannot fail by bad luck. */
function seededBytes(seed: number): (pool: Uint8Array) => void {
  const random = createRandom(seed);
  return (pool) => {
    for (let i = 0; i < pool.length; i++) pool[i] = random.int(256);
  };
}

describe.each([
  ['seeded', () => seededNoise(createRandom(7))],
  ['cryptographic', () => cryptographicNoise(seededBytes(8))],
])('%s noise', (_name, source) => {
  const drawn = (fill: (out: Float32Array) => void) => {
    const out = new Float32Array(n);
    fill(out);
    return out;
  };

  it('is normal, in the middle and in the tails', () => {
    const noise = drawn((out) => source().gaussian(out, 2));
    expect(distanceFrom(noise, (x) => normalCdf(x / 2))).toBeLessThan(rareDistance(n));
    // The ziggurat's layers end at 3.65: what lies beyond comes from its tail.
    for (const [least, share] of [
      [3, 2.6998e-3],
      [3.66, 2.5225e-4],
      [4, 6.334e-5],
    ] as const) {
      const seen = noise.filter((x) => Math.abs(x) > 2 * least).length;
      expect(Math.abs(seen - n * share)).toBeLessThan(5 * Math.sqrt(n * share));
    }
    const fourth = noise.reduce((sum, x) => sum + (x / 2) ** 4, 0) / n;
    expect(Math.abs(fourth - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  });

  it('is Laplace', () => {
    expect(
      distanceFrom(
        drawn((out) => source().laplace(out, 3)),
        (x) => laplaceCdf(x / 3),
      ),
    ).toBeLessThan(rareDistance(n));
  });

  it('is uniform, and never 1', () => {
    const noise = drawn((out) => source().uniform(out));
    expect(distanceFrom(noise, (x) => Math.min(1, Math.max(0, x)))).toBeLessThan(rareDistance(n));
    expect(noise.every((x) => x >= 0 && x < 1)).toBe(true);
  });

  it('has no two neighbours alike', () => {
    const noise = drawn((out) => source().gaussian(out, 1));
    let sum = 0;
    for (let i = 1; i < n; i++) sum += noise[i]! * noise[i - 1]!;
    expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
  });
});

describe('cryptographic noise', () => {
  it('is different every time and never infinite', () => {
    const draw = () => {
      const out = new Float32Array(1001);
      cryptographicNoise().gaussian(out, 1);
      return out;
    };
    const [first, second] = [draw(), draw()];
    expect(first).not.toEqual(second);
    expect(first.every(Number.isFinite)).toBe(true);
  });

  it('stays finite on the worst bytes the generator can give', () => {
    // Always 255 would be the tail's rejection for ever: every other pool is mixed.
    const mixed = seededBytes(3);
    for (const byte of [0, 255]) {
      let turn = 0;
      const source = cryptographicNoise((pool) => (turn++ % 2 === 0 ? void pool.fill(byte) : mixed(pool)));
      const out = new Float32Array(3);
      source.gaussian(out, 1);
      expect(out.every(Number.isFinite)).toBe(true);
      source.laplace(out, 1);
      expect(out.every(Number.isFinite)).toBe(true);
    }
  });

  it('reads fresh bytes when the pool is used up', () => {
    let fills = 0;
    const bytes = seededBytes(1);
    const source = cryptographicNoise((pool) => {
      fills++;
      bytes(pool);
    });
    const out = new Float32Array(3 * 8192);
    source.gaussian(out, 1);
    expect(fills).toBeGreaterThanOrEqual(3);
    expect(out.subarray(0, 8192)).not.toEqual(out.subarray(8192, 16384));
  });
});

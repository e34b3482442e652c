import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Images, msSsim, ssim } from '../../../src/privacy/metrics/index.ts';
import { batch, mix, picture } from './pictures.ts';

/**
 * numpy in float64, the definition written out with sliding windows (no separable filter), on `picture`s: truth k=0,
 * "near" .8 truth + .2 other in float32, "far" the other, k=1.
 */
const reference = [
  { size: [1, 28, 28], scales: 2, near: 0.9575648163830399, far: 0.11406787937189793 },
  { size: [3, 32, 32], scales: 2, near: 0.954404621462286, far: 0 },
  { size: [3, 13, 20], scales: 1, near: 0.9131853733990196, far: 0.07155674708133793 },
  { size: [1, 8, 8], scales: 1, near: 0.9910121887057842, far: 0.7973798378993361 },
  { size: [3, 45, 61], scales: 3, near: 0.926872580502868, far: 0.028969313853744242 },
  { size: [1, 177, 180], scales: 5, near: 0.929295616139246, far: 0.031957346301514096 },
] as const;

describe('MS-SSIM', () => {
  it.each(reference)('agrees with its definition on $size, with $scales scales', ({ size: [c, h, w], ...wanted }) => {
    const [truth, other] = [picture(c, h, w, 0), picture(c, h, w, 1)];
    const near = msSsim(truth, mix(truth, other, 0.2));
    expect(near.scales).toBe(wanted.scales);
    expect(near.values[0]).toBeCloseTo(wanted.near, 6);
    expect(msSsim(truth, other).values[0]).toBeCloseTo(wanted.far, 6);
  });

  it('has SSIM in passing, the very same', () => {
    const [a, b] = [picture(3, 32, 24, 0), picture(3, 32, 24, 1)];
    const [truth, seen] = [batch([a, b]), batch([b, b])];
    expect([...msSsim(truth, seen).ssim]).toEqual([...ssim(truth, seen)]);
  });

  it('is 1 for equal pictures and between 0 and 1 for any', () => {
    const noise = (h: number, w: number, seed: number): Images => ({
      ...{ count: 1, channels: 1, height: h, width: w },
      data: Float32Array.from({ length: h * w }, (_, i) => (Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), fc.nat(99), (h, w, seed) => {
        const [a, b] = [noise(h, w, seed), noise(h, w, seed + 1)];
        expect(msSsim(a, a).values[0]).toBeCloseTo(1, 9);
        const value = msSsim(a, b).values[0]!;
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThanOrEqual(1 + 1e-9);
      }),
      { numRuns: 40 },
    );
  });

  it('forgives fine noise more than SSIM does, and a wrong coarse structure less', () => {
    const smooth = picture(1, 64, 64, 0);
    const data = smooth.data.map((_, i) => 0.5 + 0.4 * Math.sin((i % 64) / 9) * Math.cos(Math.floor(i / 64) / 11));
    const truth = { ...smooth, data };
    const speckled = { ...smooth, data: data.map((v, i) => v + (i % 2 === Math.floor(i / 64) % 2 ? 0.05 : -0.05)) };
    expect(msSsim(truth, speckled).values[0]!).toBeGreaterThan(ssim(truth, speckled)[0]! + 0.1);
  });
});

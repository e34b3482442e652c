import { describe, expect, it } from 'vitest';
import type { Pixels, Split } from '../../../src/data/index.ts';
import { baseline, bootstrap, meanImage, psnr, ssim, worstDecile } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';
import { batch, mix, picture } from './pictures.ts';

describe('bootstrap interval', () => {
  const options = { range: [-1, 1] as const, resamples: 20_000 };

  it('agrees with scipy 1.10 on a skewed sample (stats.bootstrap, mean, BCa, 200 000 resamples)', () => {
    const values = [0.1, 0.12, 0.15, 0.11, 0.3, 0.9, 0.14, 0.22, 0.18, 0.13];
    const { mean, low, high } = bootstrap(values, createRandom(1), { ...options, resamples: 200_000 });
    expect(mean).toBeCloseTo(0.235, 12);
    expect(Math.abs(low - 0.148)).toBeLessThan(0.003);
    expect(Math.abs(high - 0.513)).toBeLessThan(0.02);
  });

  it('agrees with scipy 1.10 on 100 values (100 000 resamples)', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i) ** 4);
    const { low, high } = bootstrap(values, createRandom(2), options);
    expect(Math.abs(low - 0.30711)).toBeLessThan(0.004);
    expect(Math.abs(high - 0.4496)).toBeLessThan(0.004);
  });

  it('repeats for a seed', () => {
    const values = [1, 2, 3, 5, 8];
    expect(bootstrap(values, createRandom(3), options)).toEqual(bootstrap(values, createRandom(3), options));
  });

  it('covers the true mean about 95 times in 100', () => {
    const random = createRandom(4);
    let covered = 0;
    for (let trial = 0; trial < 400; trial++) {
      const values = Array.from({ length: 40 }, () => random.normal());
      const { low, high } = bootstrap(values, random.fork(trial), { range: [-9, 9], resamples: 500 });
      if (low <= 0 && 0 <= high) covered++;
    }
    expect(covered / 400).toBeGreaterThan(0.91);
    expect(covered / 400).toBeLessThan(0.98);
  });

  it('knows nothing from one picture and everything from equal ones', () => {
    expect(bootstrap([0.4], createRandom(5), options)).toEqual({ mean: 0.4, low: -1, high: 1 });
    expect(bootstrap([0.4, 0.4, 0.4], createRandom(5), options)).toMatchObject({
      low: bootstrap([0.4, 0.4, 0.4], createRandom(5), options).mean,
    });
    expect(() => bootstrap([], createRandom(5), options)).toThrow(RangeError);
  });

  it('puts the mean inside', () => {
    const random = createRandom(6);
    for (let n = 2; n < 30; n++) {
      const values = Array.from({ length: n }, () => random.uniform() ** 6);
      const { mean, low, high } = bootstrap(values, random.fork(n), { range: [0, 1] });
      expect(low).toBeLessThanOrEqual(mean);
      expect(high).toBeGreaterThanOrEqual(mean);
    }
  });
});

describe('worst decile', () => {
  it('is the mean of the tenth that leaks most, and of at least one', () => {
    expect(worstDecile(Array.from({ length: 20 }, (_, i) => i))).toBe(18.5);
    expect(worstDecile([0.1, 0.9, 0.2])).toBe(0.9);
    expect(() => worstDecile([])).toThrow(RangeError);
  });
});

describe('baseline', () => {
  const truth = batch([picture(3, 16, 16, 0), picture(3, 16, 16, 1)]);

  it('is the best guess without looking, in each metric', () => {
    const grey = { ...truth, data: new Float32Array(truth.data.length).fill(0.5) };
    const mean = mix(picture(3, 16, 16, 0), picture(3, 16, 16, 1), 0.5);
    const seen = batch([mean, mean]);
    const average = (v: Float64Array) => v.reduce((a, b) => a + b, 0) / v.length;
    const blind = baseline(truth, undefined);
    expect(blind.psnr).toBeCloseTo(average(psnr(truth, grey)), 9);
    expect(blind.ssim).toBeCloseTo(average(ssim(truth, grey)), 9);
    expect([...blind.each.psnr]).toEqual([...psnr(truth, grey)]);
    expect([...blind.each.ssim]).toEqual([...ssim(truth, grey)]);
    expect(blind.guesses).toMatchObject({ count: 1, channels: 3 });
    const best = baseline(truth, mean.data);
    expect(best.psnr).toBeGreaterThanOrEqual(average(psnr(truth, seen)));
    expect(best.ssim).toBeGreaterThanOrEqual(average(ssim(truth, seen)));
    expect(best.psnr).toBeGreaterThan(blind.psnr);
    expect(average(best.each.psnr)).toBe(best.psnr);
    expect(average(best.each.ssim)).toBe(best.ssim);
    expect(best.guesses.count).toBe(3);
  });

  it('takes the mean picture from the training split', async () => {
    const split: Split = {
      count: 3,
      labels: undefined,
      pixels: async (indices): Promise<Pixels> => ({
        count: indices.length,
        channels: 1,
        height: 1,
        width: 2,
        data: Uint8Array.from(indices.flatMap((i) => [i * 51, 255])),
      }),
    };
    expect(await meanImage(split)).toEqual(Float32Array.of(0.2, 1));
    expect(await meanImage(split, 2)).toEqual(Float32Array.of(0.1, 1));
    expect(await meanImage({ ...split, count: 0 })).toBeUndefined();
  });
});

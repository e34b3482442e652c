import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mse, PSNR_CAP_DB, psnr, ssim } from '../../../src/privacy/metrics/index.ts';
import { batch, mix, picture } from './pictures.ts';

/**
 * scikit-image 0.19.3 on `picture`s in float64: truth k=0; "near" .8 truth + .2 other in float32; "far" the other, k=1.
 * standard: mean over channels of structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
 * data_range=1), and for 8×8 the definition written out in numpy with a 7×7 Gaussian window.
 * paper: structural_similarity(data_range=seen.max() - seen.min()).
 */
const reference = [
  {
    size: [1, 28, 28],
    seen: 'near',
    mse: 0.004513889408983377,
    psnr: 23.45449085412582,
    standard: 0.9459768310926113,
    paper: 0.9507028838747735,
  },
  {
    size: [1, 28, 28],
    seen: 'far',
    mse: 0.11284723996060522,
    psnr: 9.475090585138888,
    standard: 0.0033663028816440666,
    paper: 0.02435423719417285,
  },
  {
    size: [3, 32, 32],
    seen: 'near',
    mse: 0.004875353426218275,
    psnr: 23.119938957618025,
    standard: 0.9475862528895677,
    paper: 0.9528611928315501,
  },
  {
    size: [3, 32, 32],
    seen: 'far',
    mse: 0.12188384175864464,
    psnr: 9.140538653429873,
    standard: 0.04862534715887323,
    paper: 0.04723411409375797,
  },
  {
    size: [3, 13, 20],
    seen: 'near',
    mse: 0.004533377004348418,
    psnr: 23.435781626752863,
    standard: 0.913185387602547,
    paper: 0.938961081700073,
  },
  {
    size: [3, 13, 20],
    seen: 'far',
    mse: 0.11333442992450357,
    psnr: 9.45638135549259,
    standard: 0.02027380082002749,
    paper: 0.057107176711733744,
  },
  {
    size: [1, 8, 8],
    seen: 'near',
    mse: 0.002864687389974875,
    psnr: 25.42922763649932,
    standard: 0.9910121880764409,
    paper: 0.9869503704666958,
  },
  {
    size: [1, 8, 8],
    seen: 'far',
    mse: 0.07161718808092012,
    psnr: 11.449827347750201,
    standard: 0.7973798378993358,
    paper: 0.6593161365342487,
  },
] as const;

describe.each(reference)('$size $seen', ({ size, seen: kind, ...wanted }) => {
  const [c, h, w] = size;
  const truth = picture(c, h, w, 0);
  const other = picture(c, h, w, 1);
  const seen = kind === 'near' ? mix(truth, other, 0.2) : other;

  it('agrees with scikit-image', () => {
    expect(mse(truth, seen)[0]).toBeCloseTo(wanted.mse, 7);
    expect(psnr(truth, seen)[0]).toBeCloseTo(wanted.psnr, 5);
    expect(ssim(truth, seen)[0]).toBeCloseTo(wanted.standard, 6);
    expect(ssim(truth, seen, 'paper')[0]).toBeCloseTo(wanted.paper, 6);
  });
});

describe('similarity', () => {
  it('is per picture: a batch scores as its pictures do one by one', () => {
    const [a, b, c] = [picture(3, 16, 12, 0), picture(3, 16, 12, 1), picture(3, 16, 12, 2)];
    const together = ssim(batch([a, b, c]), batch([b, c, c]));
    expect([...together]).toEqual([ssim(a, b)[0], ssim(b, c)[0], ssim(c, c)[0]]);
    const errors = psnr(batch([a, b, c]), batch([b, c, c]));
    expect([...errors]).toEqual([psnr(a, b)[0], psnr(b, c)[0], PSNR_CAP_DB]);
  });

  it('is 1 and capped for equal pictures, symmetric, and within bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 1, max: 14 }),
        fc.nat(9),
        fc.nat(9),
        (h, w, i, j) => {
          const [a, b] = [picture(1, h, w, i), picture(1, h, w, j)];
          expect(ssim(a, a)[0]).toBeCloseTo(1, 9);
          expect(psnr(a, a)[0]).toBe(PSNR_CAP_DB);
          expect(ssim(a, b)[0]).toBeCloseTo(ssim(b, a)[0]!, 9);
          expect(Math.abs(ssim(a, b)[0]!)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });

  it('scores a reconstruction without contrast 0 in paper mode, whose range it has none of', () => {
    const truth = picture(1, 28, 28, 0);
    expect(ssim(truth, { ...truth, data: new Float32Array(784).fill(0.5) }, 'paper')[0]).toBe(0);
  });

  it('refuses NaN: an attack that ran away must not pass as one that saw nothing', () => {
    const truth = picture(1, 8, 8, 0);
    const seen = { ...truth, data: truth.data.map((v, i) => (i === 5 ? Number.NaN : v)) };
    for (const metric of [mse, psnr, ssim])
      expect(() => metric(truth, seen)).toThrow(/picture 0 has a pixel that is NaN/);
  });

  it('refuses pictures of different sizes', () => {
    expect(() => mse(picture(1, 8, 9, 0), picture(1, 9, 8, 0))).toThrow(/cannot compare 1×1×8×9 with 1×1×9×8/);
  });

  it('compares 100 colour pictures of 32×32 in a blink', () => {
    const truth = batch(Array.from({ length: 100 }, (_, k) => picture(3, 32, 32, k)));
    const seen = batch(Array.from({ length: 100 }, (_, k) => picture(3, 32, 32, k + 1)));
    ssim(truth, seen);
    const before = process.cpuUsage();
    ssim(truth, seen);
    const { user } = process.cpuUsage(before);
    // About 50 ms; processor time, because the machine may be shared.
    expect(user / 1000).toBeLessThan(1000);
  });
});

/** Scores reconstructions against the truth. */

import type { Preprocessing } from '../../data/index.ts';
import { toPixels } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import {
  type Baseline,
  bootstrap,
  type Gallery,
  type Images,
  type Interval,
  mse,
  msSsim,
  PSNR_CAP_DB,
  pictureRows,
  psnr,
  type Reidentification,
  ssim,
  worstDecile,
} from '../metrics/index.ts';

/** What only the audit knows. */
export interface Truth {
  readonly victims: Images;
  /** The victims first, then others. */
  readonly gallery: Gallery;
  readonly baseline: Baseline;
}

/** What pixels say. Means over the victims, with 95 % intervals. */
export interface Scores {
  /** dB, peak 1. */
  readonly psnr: Interval;
  readonly ssim: Interval & { readonly worstDecile: number };
  /** SSIM as He et al. computed it: 7×7 uniform window, range of the reconstruction. */
  readonly ssimPaper: Interval;
  /** MS-SSIM, on as many scales as fit the pictures: comparable between pictures of one size. */
  readonly msssim: Interval & { readonly scales: number };
  /** Of pixels in [0, 1]. */
  readonly mse: Interval;
  /** The best guess of somebody who saw nothing. */
  readonly baseline: { readonly psnr: number; readonly ssim: number };
  /** Over that guess, victim by victim: the interval is of the paired differences. */
  readonly gain: { readonly psnr: Interval; readonly ssim: Interval };
  /** By pictures: who has which face, which house. */
  readonly reidentification: Reidentification;
  /** Victim by victim, in order, for statistics of one's own: dB to 3 decimals, SSIM to 5. */
  readonly perImage: {
    readonly psnr: readonly number[];
    readonly ssim: readonly number[];
    readonly ssimPaper: readonly number[];
  };
}

/** @throws CutlineError ATTACK_DIVERGED: what is not a number must not pass for a safe cut */
export function imagesOf(pictures: Tensor, preprocessing: Preprocessing, attack: string, cut: string): Images {
  if (!asFloat32(pictures).every(Number.isFinite)) throw new CutlineError('ATTACK_DIVERGED', { attack, cut });
  const { channels, height, width } = preprocessing;
  return { count: pictures.shape[0]!, channels, height, width, data: toPixels(pictures, preprocessing) };
}

export function score(seen: Images, truth: Truth, random: Random): Scores {
  const { values: multiScale, ssim: ssims, scales } = msSsim(truth.victims, seen);
  const psnrs = psnr(truth.victims, seen);
  const papers = ssim(truth.victims, seen, 'paper');
  const { baseline } = truth;
  const band = (label: string, values: Float64Array, low: number, high: number): Interval =>
    bootstrap(values, random.fork(label), { range: [low, high] });
  return {
    psnr: band('psnr', psnrs, 0, PSNR_CAP_DB),
    ssim: { ...band('ssim', ssims, -1, 1), worstDecile: worstDecile(ssims) },
    ssimPaper: band('ssim paper', papers, -1, 1),
    msssim: { ...band('ms-ssim', multiScale, 0, 1), scales },
    mse: band('mse', mse(truth.victims, seen), 0, 1),
    baseline: { psnr: baseline.psnr, ssim: baseline.ssim },
    gain: {
      psnr: band('gain psnr', minus(psnrs, baseline.each.psnr), -PSNR_CAP_DB, PSNR_CAP_DB),
      ssim: band('gain ssim', minus(ssims, baseline.each.ssim), -2, 2),
    },
    reidentification: truth.gallery.identify(
      pictureRows(seen),
      Array.from({ length: seen.count }, (_, i) => i),
    ),
    perImage: { psnr: rounded(psnrs, 3), ssim: rounded(ssims, 5), ssimPaper: rounded(papers, 5) },
  };
}

const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i]!);

const rounded = (values: Float64Array, decimals: number): number[] =>
  Array.from(values, (v) => Number(v.toFixed(decimals)));

/** Scores reconstructions against the truth. */

import type { Preprocessing } from '../../data/index.ts';
import { toPixels } from '../../data/index.ts';
import { asFloat32, float32, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import {
  type Baseline,
  bootstrap,
  type Gallery,
  type Images,
  type Interval,
  imagesAt,
  meanOf,
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
  /** Victim by victim, in order, for statistics of one's own: dB to 3 decimals, SSIM to 5; null where the attack missed. */
  readonly perImage: {
    readonly psnr: readonly (number | null)[];
    readonly ssim: readonly (number | null)[];
    readonly ssimPaper: readonly (number | null)[];
  };
}

/** What was made of every victim, to be looked at; what is no number is shown as the middle of the network's range. */
export function imagesOf(pictures: Tensor, preprocessing: Preprocessing): Images {
  const { channels, height, width } = preprocessing;
  const finite = float32(
    asFloat32(pictures).map((v) => (Number.isFinite(v) ? v : 0)),
    pictures.shape,
  );
  return { count: pictures.shape[0]!, channels, height, width, data: toPixels(finite, preprocessing) };
}

/**
 * @param counted places of the victims that count, two or more
 * @param confidence of the intervals; default 0.95
 */
export function score(
  all: Images,
  truth: Truth,
  counted: readonly number[],
  random: Random,
  confidence?: number,
): Scores {
  const [seen, victims] = [imagesAt(all, counted), imagesAt(truth.victims, counted)];
  const { values: multiScale, ssim: ssims, scales } = msSsim(victims, seen);
  const psnrs = psnr(victims, seen);
  const papers = ssim(victims, seen, 'paper');
  const guess = {
    psnr: Float64Array.from(counted, (i) => truth.baseline.each.psnr[i]!),
    ssim: Float64Array.from(counted, (i) => truth.baseline.each.ssim[i]!),
  };
  const placed = (values: readonly number[]) => {
    const out: (number | null)[] = Array.from({ length: all.count }, () => null);
    for (const [k, i] of counted.entries()) out[i] = values[k]!;
    return out;
  };
  const band = (label: string, values: Float64Array, low: number, high: number): Interval =>
    bootstrap(values, random.fork(label), { range: [low, high], confidence });
  return {
    psnr: band('psnr', psnrs, 0, PSNR_CAP_DB),
    ssim: { ...band('ssim', ssims, -1, 1), worstDecile: worstDecile(ssims) },
    ssimPaper: band('ssim paper', papers, -1, 1),
    msssim: { ...band('ms-ssim', multiScale, 0, 1), scales },
    mse: band('mse', mse(victims, seen), 0, 1),
    baseline: { psnr: meanOf(guess.psnr), ssim: meanOf(guess.ssim) },
    gain: {
      psnr: band('gain psnr', minus(psnrs, guess.psnr), -PSNR_CAP_DB, PSNR_CAP_DB),
      ssim: band('gain ssim', minus(ssims, guess.ssim), -2, 2),
    },
    reidentification: truth.gallery.identify(pictureRows(seen), counted),
    perImage: {
      psnr: placed(rounded(psnrs, 3)),
      ssim: placed(rounded(ssims, 5)),
      ssimPaper: placed(rounded(papers, 5)),
    },
  };
}

const minus = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v - b[i]!);

const rounded = (values: Float64Array, decimals: number): number[] =>
  Array.from(values, (v) => Number(v.toFixed(decimals)));

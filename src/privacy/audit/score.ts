/** Scores reconstructions against the truth. */

import type { Preprocessing } from '../../data/index.ts';
import { toPixels } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, type Tensor } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import {
  type Baseline,
  bootstrap,
  type Images,
  PSNR_CAP_DB,
  psnr,
  reidentification,
  ssim,
  worstDecile,
} from '../metrics/index.ts';
import type { AuditResult } from './result.ts';

/** What only the audit knows. */
export interface Truth {
  readonly victims: Images;
  /** The victims first, then others. */
  readonly gallery: Images;
  readonly baseline: Baseline;
}

/** @throws CutlineError ATTACK_DIVERGED: what is not a number must not pass for a safe cut */
export function imagesOf(pictures: Tensor, preprocessing: Preprocessing, attack: string, cut: string): Images {
  if (!asFloat32(pictures).every(Number.isFinite)) throw new CutlineError('ATTACK_DIVERGED', { attack, cut });
  const { channels, height, width } = preprocessing;
  return { count: pictures.shape[0]!, channels, height, width, data: toPixels(pictures, preprocessing) };
}

export function score(
  seen: Images,
  truth: Truth,
  random: Random,
): Pick<AuditResult, 'psnr' | 'ssim' | 'ssimPaper' | 'baseline' | 'gain' | 'reidentification'> {
  const ssims = ssim(truth.victims, seen);
  const psnrs = psnr(truth.victims, seen);
  const ssimBand = bootstrap(ssims, random.fork('ssim'), { range: [-1, 1] });
  const psnrBand = bootstrap(psnrs, random.fork('psnr'), { range: [0, PSNR_CAP_DB] });
  const paper = ssim(truth.victims, seen, 'paper');
  const own = Array.from({ length: seen.count }, (_, i) => i);
  return {
    psnr: psnrBand,
    ssim: { ...ssimBand, worstDecile: worstDecile(ssims) },
    ssimPaper: paper.reduce((a, b) => a + b, 0) / paper.length,
    baseline: truth.baseline,
    gain: { psnr: psnrBand.mean - truth.baseline.psnr, ssim: ssimBand.mean - truth.baseline.ssim },
    reidentification: reidentification(seen, truth.gallery, own),
  };
}

/** How like pictures of the attacker's own their reconstructions are: by this, beliefs and weights are chosen. */
import { type Preprocessing, toPixels } from '../../data/index.ts';
import { asFloat32, float32, type Tensor } from '../../model/index.ts';
import { psnr, ssim } from '../metrics/index.ts';
import { bestContrast } from './contrast.ts';
import type { Solution } from './solvers/solver.ts';
import { isMiss } from './stops.ts';

export interface Likeness {
  readonly ssim: Float64Array;
  /** dB */
  readonly psnr: Float64Array;
}

/** The least that there is, of a descent that found nothing out. */
const [leastSsim, leastDecibels] = [-1, 0];

/** @param truth network inputs [n, …], as the reconstructions are */
export function likeness(truth: Tensor, found: Found, preprocessing: Preprocessing): Likeness {
  const count = truth.shape[0]!;
  const images = (t: Tensor) => ({ ...preprocessing, count, data: toPixels(t, preprocessing) });
  const [a, b] = [images(truth), images(finite(found.pictures))];
  return withoutMisses({ ssim: ssim(a, b), psnr: psnr(a, b) }, found);
}

/** The same, drawn apart as suits all of them best, and how far that is. */
export function drawnLikeness(truth: Tensor, found: Found, preprocessing: Preprocessing) {
  const best = bestContrast(finite(found.pictures), truth, preprocessing);
  return { gain: best.gain, ...withoutMisses(best, found) };
}

type Found = Pick<Solution, 'pictures' | 'stops'>;

function withoutMisses({ ssim, psnr }: Likeness, { stops }: Found): Likeness {
  const unless = (missed: number) => (value: number, i: number) => (isMiss(stops[i]!) ? missed : value);
  return { ssim: ssim.map(unless(leastSsim)), psnr: psnr.map(unless(leastDecibels)) };
}

const finite = (t: Tensor): Tensor =>
  float32(
    asFloat32(t).map((v) => (Number.isFinite(v) ? v : 0)),
    t.shape,
  );

/** How like pictures of the attacker's own their reconstructions are: by this, beliefs and weights are chosen. */
import { type Preprocessing, toPixels } from '../../data/index.ts';
import { asFloat32, float32, type Tensor } from '../../model/index.ts';
import { psnr, ssim } from '../metrics/index.ts';
import type { Solution } from './solvers/solver.ts';
import { isMiss } from './solvers/stop.ts';

export interface Likeness {
  readonly ssim: Float64Array;
  /** dB */
  readonly psnr: Float64Array;
}

/** The least that there is, of a descent that found nothing out. */
const [leastSsim, leastDecibels] = [-1, 0];

/** @param truth network inputs [n, …], as the reconstructions are */
export function likeness(truth: Tensor, found: Solution, preprocessing: Preprocessing): Likeness {
  const count = truth.shape[0]!;
  const images = (t: Tensor) => ({ ...preprocessing, count, data: toPixels(t, preprocessing) });
  const finite = float32(
    asFloat32(found.pictures).map((v) => (Number.isFinite(v) ? v : 0)),
    found.pictures.shape,
  );
  const [a, b] = [images(truth), images(finite)];
  const unless = (missed: number) => (value: number, i: number) => (isMiss(found.stops[i]!) ? missed : value);
  return { ssim: ssim(a, b).map(unless(leastSsim)), psnr: psnr(a, b).map(unless(leastDecibels)) };
}

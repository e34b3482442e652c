/** Errors of pixels: mean squared error and peak signal-to-noise ratio. */
import { squaredDistance } from '../../numeric/index.ts';
import { checkComparable, type Images, imageAt } from './images.ts';

/** Equal pictures have infinite PSNR; this stands for it so that means stay finite. float32 rounding alone is about 150. */
export const PSNR_CAP_DB = 150;

/** Mean squared error of each picture, over all its channels. */
export function mse(truth: Images, seen: Images): Float64Array {
  checkComparable(truth, seen);
  return Float64Array.from({ length: truth.count }, (_, i) => squaredError(imageAt(truth, i), imageAt(seen, i)));
}

/**
 * Peak signal-to-noise ratio of each picture in dB, with peak 1 (the pixels are in [0, 1]): −10 log₁₀ MSE, at most
 * `PSNR_CAP_DB`. The mean of these is not the PSNR of the batch's mean error, which one bad picture would hide.
 */
export function psnr(truth: Images, seen: Images): Float64Array {
  return mse(truth, seen).map(decibels);
}

/** PSNR of a mean squared error. */
export const decibels = (error: number): number =>
  error > 0 ? Math.min(PSNR_CAP_DB, -10 * Math.log10(error)) : PSNR_CAP_DB;

/** Mean squared difference of two pictures. */
export function squaredError(a: Float32Array, b: Float32Array): number {
  return squaredDistance(a, b) / a.length;
}

/**
 * Structural similarity (Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment", IEEE TIP 2004).
 *
 * `standard`: 11×11 Gaussian window, σ = 1.5, K₁ = .01, K₂ = .03, range 1, windows that fit whole, mean over windows and
 * then over channels; scikit-image's `structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
 * data_range=1)`.
 * `paper`: what the code of He et al. 2019 reports, for comparison with their tables only: 7×7 uniform window, sample
 * covariance, and the range of the *reconstruction*, which flatters or punishes an attack for its contrast. A
 * reconstruction of one single value has no range and scores 0.
 *
 * Pictures smaller than the window take the largest odd window that fits.
 */

import { gaussianTaps, type Taps } from '../../numeric/index.ts';
import { checkComparable, type Images, imageAt } from './images.ts';
import { createSlider, type Slider, uniformTaps } from './window.ts';

export type SsimMode = 'standard' | 'paper';

const K1 = 0.01;
const K2 = 0.03;

/** SSIM of each picture, −1 … 1. */
export function ssim(truth: Images, seen: Images, mode: SsimMode = 'standard'): Float64Array {
  checkComparable(truth, seen);
  const compare = createSsim(truth, mode);
  return Float64Array.from({ length: truth.count }, (_, i) =>
    compare.similarity(compare.statistics(imageAt(truth, i)), compare.statistics(imageAt(seen, i))),
  );
}

/** What SSIM needs to know of one picture by itself; kept, it makes comparing with a whole gallery cheap. */
interface Statistics {
  readonly range: number;
  readonly planes: readonly {
    readonly pixels: Float64Array;
    readonly mean: Float64Array;
    /** Mean of the squares. */
    readonly power: Float64Array;
  }[];
}

/** Means over the windows of one plane. */
export interface PlaneSimilarity {
  readonly ssim: number;
  /** Without the luminance term: contrast × structure, what MS-SSIM takes from its finer scales. */
  readonly contrastStructure: number;
}

export interface Ssim {
  statistics(image: Float32Array): Statistics;
  /** One a channel. */
  planes(truth: Statistics, seen: Statistics): PlaneSimilarity[];
  similarity(truth: Statistics, seen: Statistics): number;
}

/** SSIM for pictures of one size. */
export function createSsim(size: Pick<Images, 'channels' | 'height' | 'width'>, mode: SsimMode = 'standard'): Ssim {
  const { channels, height, width } = size;
  const area = height * width;
  const taps = tapsFor(mode, Math.min(height, width));
  const slider = createSlider(height, width, taps);
  // scikit-image's sample covariance: NP / (NP − 1) with NP pixels a window. One-pixel windows have none.
  const points = taps.length ** 2;
  const correction = mode === 'paper' && points > 1 ? points / (points - 1) : 1;
  const product = new Float64Array(area);
  const cross = new Float64Array(slider.length);

  const planes = (truth: Statistics, seen: Statistics): PlaneSimilarity[] => {
    const range = mode === 'paper' ? seen.range : 1;
    if (range === 0) return truth.planes.map(() => ({ ssim: 0, contrastStructure: 0 }));
    const [c1, c2] = [(K1 * range) ** 2, (K2 * range) ** 2];
    return truth.planes.map((x, c) => {
      const y = seen.planes[c]!;
      for (let i = 0; i < area; i++) product[i] = x.pixels[i]! * y.pixels[i]!;
      slider.slide(product, cross);
      let [whole, part] = [0, 0];
      for (let i = 0; i < cross.length; i++) {
        const [mx, my] = [x.mean[i]!, y.mean[i]!];
        const both = mx * my;
        const squares = mx * mx + my * my;
        const variances = correction * (x.power[i]! + y.power[i]! - squares);
        const structure = (2 * correction * (cross[i]! - both) + c2) / (variances + c2);
        part += structure;
        whole += (structure * (2 * both + c1)) / (squares + c1);
      }
      return { ssim: whole / cross.length, contrastStructure: part / cross.length };
    });
  };

  return {
    statistics(image) {
      const planes = Array.from({ length: channels }, (_, c) => {
        const pixels = new Float64Array(image.subarray(c * area, (c + 1) * area));
        const mean = slideNew(slider, pixels);
        for (let i = 0; i < area; i++) product[i] = pixels[i]! * pixels[i]!;
        return { pixels, mean, power: slideNew(slider, product) };
      });
      return { range: rangeOf(image), planes };
    },
    planes,
    similarity: (truth, seen) => planes(truth, seen).reduce((sum, p) => sum + p.ssim, 0) / channels,
  };
}

function tapsFor(mode: SsimMode, shortestSide: number): Taps {
  const size = Math.min(mode === 'paper' ? 7 : 11, shortestSide - ((shortestSide + 1) % 2));
  return mode === 'paper' ? uniformTaps(size) : gaussianTaps(size, 1.5);
}

function slideNew(slider: Slider, plane: Float64Array): Float64Array {
  const out = new Float64Array(slider.length);
  slider.slide(plane, out);
  return out;
}

function rangeOf(image: Float32Array): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of image) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return high - low;
}

/**
 * Multi-scale structural similarity (Wang, Simoncelli, Bovik, "Multiscale Structural Similarity for Image Quality
 * Assessment", Asilomar 2003), as the authors' code computes it: contrast × structure at every scale, luminance at the
 * coarsest, each scale the means of 2×2 pixels of the one before (the last row of an odd number counts twice).
 *
 * Five scales of an 11×11 window need 161 pixels. Smaller pictures get as many as fit, the weights of those scaled to sum
 * to 1; with one scale this is SSIM. So MS-SSIM compares pictures of one size, not results across sizes.
 * What is anticorrelated at a scale (a negative mean) counts as 0 there, since a root of it has no value.
 */
import { checkComparable, type Images, imageAt } from './images.ts';
import { createSsim, type Ssim } from './ssim.ts';

/** The exponents of the paper, finest scale first. */
const weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333] as const;
const window = 11;

export interface MultiScale {
  /** MS-SSIM of each picture, mean over channels, 0 … 1. */
  readonly values: Float64Array;
  /** SSIM of each picture, in passing: the finest scale computes it anyway. */
  readonly ssim: Float64Array;
  /** Scales used, 1 … 5. */
  readonly scales: number;
}

export function msSsim(truth: Images, seen: Images): MultiScale {
  checkComparable(truth, seen);
  const sizes = scalesFor(truth);
  const compare: Ssim[] = sizes.map((size) => createSsim(size));
  const total = weights.slice(0, sizes.length).reduce((a, b) => a + b, 0);
  const ssim = new Float64Array(truth.count);
  const values = Float64Array.from({ length: truth.count }, (_, i) => {
    let [x, y] = [imageAt(truth, i), imageAt(seen, i)];
    const products = new Float64Array(truth.channels).fill(1);
    sizes.forEach((size, j) => {
      const scale = compare[j]!;
      const planes = scale.planes(scale.statistics(x), scale.statistics(y));
      if (j === 0) ssim[i] = mean(planes.map((p) => p.ssim));
      planes.forEach((p, c) => {
        const term = j === sizes.length - 1 ? p.ssim : p.contrastStructure;
        products[c]! *= Math.max(0, term) ** (weights[j]! / total);
      });
      if (j < sizes.length - 1) [x, y] = [halve(x, size), halve(y, size)];
    });
    return mean(products);
  });
  return { values, ssim, scales: sizes.length };
}

type Size = Pick<Images, 'channels' | 'height' | 'width'>;

function scalesFor({ channels, height, width }: Size): Size[] {
  const sizes: Size[] = [];
  let size: Size = { channels, height, width };
  while (sizes.length < weights.length && (sizes.length === 0 || Math.min(size.height, size.width) >= window)) {
    sizes.push(size);
    size = half(size);
  }
  return sizes;
}

const half = ({ channels, height, width }: Size): Size => ({
  channels,
  height: Math.ceil(height / 2),
  width: Math.ceil(width / 2),
});

function halve(image: Float32Array, size: Size): Float32Array {
  const { channels, height, width } = size;
  const { height: rows, width: columns } = half(size);
  const out = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      const above = (c * height + 2 * y) * width;
      const below = (c * height + Math.min(2 * y + 1, height - 1)) * width;
      for (let x = 0; x < columns; x++) {
        const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
        out[(c * rows + y) * columns + x] =
          (image[above + left]! + image[above + right]! + image[below + left]! + image[below + right]!) / 4;
      }
    }
  }
  return out;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

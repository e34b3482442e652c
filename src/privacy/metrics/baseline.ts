/**
 * What somebody scores who has seen nothing. A constant picture already reaches some 12 dB on CIFAR-10:
 * a leak is what an attack gains over the best such guess.
 */
import type { Split } from '../../data/index.ts';
import { decibels, squaredError } from './error.ts';
import { checkFinite, type Images, imageAt, pixelsPerImage } from './images.ts';
import { meanOf } from './interval.ts';
import { createSsim } from './ssim.ts';

export interface Baseline {
  /** Mean over the victims, of the guess that does best in this metric. */
  readonly psnr: number;
  readonly ssim: number;
  /** The same guesses picture by picture, to be paired with an attack's scores. */
  readonly each: { readonly psnr: Float64Array; readonly ssim: Float64Array };
  /** The guesses themselves. */
  readonly guesses: Images;
}

/** The mean picture of a split's first `limit` pictures, in [0, 1]. Undefined for an empty split. */
export async function meanImage(split: Split, limit = 10_000, signal?: AbortSignal): Promise<Float32Array | undefined> {
  const count = Math.min(limit, split.count);
  if (count === 0) return undefined;
  const BATCH = 500;
  let sum: Float64Array | undefined;
  for (let start = 0; start < count; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, count - start) }, (_, i) => start + i);
    const pixels = await split.pixels(indices, signal);
    const length = pixels.channels * pixels.height * pixels.width;
    sum ??= new Float64Array(length);
    for (let n = 0; n < pixels.count; n++) {
      for (let i = 0; i < length; i++) sum[i]! += pixels.data[n * length + i]!;
    }
  }
  return sum && Float32Array.from(sum, (v) => v / (255 * count));
}

/**
 * Three guesses: the mean training picture, its mean colour everywhere, and grey. Without training pictures, grey.
 * @param mean NCHW without N, in [0, 1]
 */
export function baseline(truth: Images, mean: Float32Array | undefined): Baseline {
  checkFinite(truth);
  const guesses: Float32Array[] = [new Float32Array(pixelsPerImage(truth)).fill(0.5)];
  if (mean) guesses.push(mean, meanColour(mean, truth.channels));
  const compare = createSsim(truth);
  const known = guesses.map((guess) => compare.statistics(guess));
  const psnrs = guesses.map(() => new Float64Array(truth.count));
  const ssims = guesses.map(() => new Float64Array(truth.count));
  for (let i = 0; i < truth.count; i++) {
    const picture = imageAt(truth, i);
    const statistics = compare.statistics(picture);
    guesses.forEach((guess, g) => {
      psnrs[g]![i] = decibels(squaredError(picture, guess));
      ssims[g]![i] = compare.similarity(statistics, known[g]!);
    });
  }
  const each = { psnr: best(psnrs), ssim: best(ssims) };
  const data = new Float32Array(guesses.length * pixelsPerImage(truth));
  const list: Images = { ...truth, count: guesses.length, data };
  guesses.forEach((guess, g) => void imageAt(list, g).set(guess));
  return { psnr: meanOf(each.psnr), ssim: meanOf(each.ssim), each, guesses: list };
}

const best = (scores: readonly Float64Array[]): Float64Array =>
  scores.reduce((a, b) => (meanOf(b) > meanOf(a) ? b : a));

function meanColour(image: Float32Array, channels: number): Float32Array {
  const area = image.length / channels;
  const out = new Float32Array(image.length);
  for (let c = 0; c < channels; c++) {
    const plane = image.subarray(c * area, (c + 1) * area);
    out.fill(plane.reduce((sum, v) => sum + v, 0) / area, c * area, (c + 1) * area);
  }
  return out;
}

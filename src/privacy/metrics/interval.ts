/** How sure a mean over victims is, and how bad it is for the unlucky ones. */
import { quantileOfSorted } from '../../numeric/index.ts';
import type { Random } from '../../random.ts';

export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalOptions {
  /** Values the metric can take. An interval from fewer than two values is all of it: one picture proves nothing. */
  readonly range: readonly [number, number];
  /** Share of samples whose interval holds the true mean. Default 0.95. */
  readonly confidence?: number | undefined;
  /** Default 2000, and more for a confidence near one. */
  readonly resamples?: number;
}

const usual = 0.95;

/**
 * The mean and its 95 % bootstrap interval, bias-corrected and accelerated (BCa; Efron 1987; Efron & Tibshirani 1993,
 * §14.3): leakage is skewed, a few victims being far easier than the rest, and the plain percentile interval is then too
 * low at its upper end, the end that decides.
 */
export function bootstrap(values: ArrayLike<number>, random: Random, options: IntervalOptions): Interval {
  const n = values.length;
  if (n === 0) throw new RangeError('no values');
  const sample = Float64Array.from(values);
  const mean = meanOf(sample);
  if (n === 1) return { mean, low: options.range[0], high: options.range[1] };
  if (sample.every((v) => v === sample[0])) return { mean, low: mean, high: mean };

  const confidence = options.confidence ?? usual;
  // A tail is told by fifty resamples at least.
  const resamples = options.resamples ?? Math.max(2000, Math.ceil(100 / (1 - confidence)));
  const means = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += sample[random.int(n)]!;
    means[b] = sum / n;
  }
  means.sort();

  // Ties count half (as scipy.stats.bootstrap does).
  const below = means.reduce((count, m) => count + (m < mean ? 1 : m === mean ? 0.5 : 0), 0);
  const bias = normalQuantile(Math.min(Math.max(below, 0.5), resamples - 0.5) / resamples);
  const acceleration = jackknifeAcceleration(sample, mean);
  const end = (p: number) => {
    const z = bias + normalQuantile(p);
    return quantileOfSorted(means, normalCdf(bias + z / (1 - acceleration * z)));
  };
  return { mean, low: end((1 - confidence) / 2), high: end((1 + confidence) / 2) };
}

/** Mean over the tenth of the victims (at least one) that leaks most. */
export function worstDecile(values: ArrayLike<number>): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = Float64Array.from(values).sort();
  return meanOf(sorted.subarray(sorted.length - Math.max(1, Math.round(sorted.length / 10))));
}

export const meanOf = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** For a mean, leaving out one value moves the estimate by (mean − value)/(n − 1): no need to recompute anything. */
function jackknifeAcceleration(sample: Float64Array, mean: number): number {
  let [squares, cubes] = [0, 0];
  for (const v of sample) {
    const d = v - mean;
    squares += d * d;
    cubes += d * d * d;
  }
  return cubes / (6 * squares ** 1.5);
}

/** Abramowitz & Stegun 7.1.26: error below 1.5e-7, far below that of 2000 resamples. */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = (poly * Math.exp((-x * x) / 2)) / 2;
  return x < 0 ? upper : 1 - upper;
}

/** The inverse of `normalCdf` by bisection: it is called three times a bootstrap. */
function normalQuantile(p: number): number {
  let [low, high] = [-10, 10];
  while (high - low > 1e-10) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

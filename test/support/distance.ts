/** Kolmogorov–Smirnov: how far a sample is from the law it should follow. */

/** Greatest distance between the sample's distribution function and `cdf`. */
export function distanceFrom(sample: ArrayLike<number>, cdf: (x: number) => number): number {
  const sorted = Float64Array.from(sample).sort();
  return sorted.reduce(
    (worst, x, i) => Math.max(worst, Math.abs(cdf(x) - i / sorted.length), Math.abs(cdf(x) - (i + 1) / sorted.length)),
    0,
  );
}

/** The distance that a sample of n from the right law passes once in a million times. */
export const rareDistance = (n: number) => 2.69 / Math.sqrt(n);

/** Abramowitz & Stegun 7.1.26, error below 1.5e-7. */
export function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - poly * Math.exp((-x * x) / 2);
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}

export const laplaceCdf = (x: number) => (x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2);

/** Weights of a window, one axis of it. */

/** An odd number of symmetric weights, summing to 1; the window is their outer product. */
export type Taps = Float64Array;

export function gaussianTaps(size: number, sigma: number): Taps {
  const middle = (size - 1) / 2;
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - middle) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

/** What the figures of a row are reduced to. */

/** Of several attacks, the one that reaches the furthest: by the upper end, as everything that decides. */
export const strongest = (results) => results.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));

/** Informed attacks: knowing the answer alone is told beside them. */
export const informed = (results) => results?.filter((r) => r.attack !== 'answer');

/** Wilson's interval. */
export function proportion(mean, n) {
  const z = 1.959964;
  const middle = (mean + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((mean * (1 - mean)) / n + z ** 2 / (4 * n ** 2));
  return { mean, low: middle - half, high: middle + half, images: n };
}

/** A share of victims, and how sure it is. */

export interface Share {
  /** 0 … 1. */
  readonly share: number;
  /** Ends of the 95 % interval. */
  readonly low: number;
  readonly high: number;
}

const z95 = 1.959963984540054;

/**
 * Wilson's score interval (JASA 1927). A bootstrap of hits that are all 1 would be sure of itself after two victims; this
 * says 1.00 (0.34 … 1.00).
 * @param hits may be fractional, where twins share one
 */
export function shareOf(hits: number, count: number): Share {
  if (!(count >= 1)) throw new RangeError('no values');
  const share = hits / count;
  const square = z95 * z95;
  const centre = (share + square / (2 * count)) / (1 + square / count);
  const half = (z95 / (1 + square / count)) * Math.sqrt((share * (1 - share)) / count + square / (4 * count * count));
  return { share, low: Math.max(0, Math.min(share, centre - half)), high: Math.min(1, Math.max(share, centre + half)) };
}

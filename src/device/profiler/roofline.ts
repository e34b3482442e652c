/** From times of single operators to one roof a class: time = max(macs / macsPerS, bytes / bytesPerS). Pure. */
import { median } from '../../numeric/index.ts';

export interface Point {
  readonly macs: number;
  readonly bytes: number;
  /** Of one node, overhead taken off. */
  readonly ms: number;
}

export interface Roof {
  /** Undefined for a class without multiplications. */
  readonly macsPerS: number | undefined;
  readonly bytesPerS: number;
  /** Median of |log(predicted / measured)|: 0.1 is about 10 %. */
  readonly error: number;
}

const STEPS = 80;

/**
 * Least sum of |log(predicted / measured)| over a grid of both speeds, each between what the slowest and the fastest
 * point achieved. At least one point; times are positive.
 */
export function fitRoof(points: readonly Point[]): Roof {
  const bytesSpeeds = grid(points.map((p) => p.bytes / p.ms));
  const macsSpeeds = points.every((p) => p.macs > 0) ? grid(points.map((p) => p.macs / p.ms)) : [undefined];
  let best: { macs: number | undefined; bytes: number; sum: number } | undefined;
  // From fast to slow: where a roof is never touched, what is kept is the most that was achieved.
  for (const macs of macsSpeeds) {
    for (const bytes of bytesSpeeds) {
      let sum = 0;
      for (const p of points) sum += Math.abs(Math.log(predictMs(p, macs, bytes) / p.ms));
      if (!best || sum < best.sum - 1e-12) best = { macs, bytes, sum };
    }
  }
  const errors = points.map((p) => Math.abs(Math.log(predictMs(p, best!.macs, best!.bytes) / p.ms)));
  return {
    macsPerS: best!.macs === undefined ? undefined : best!.macs * 1000,
    bytesPerS: best!.bytes * 1000,
    error: median(errors),
  };
}

function predictMs(p: Point, macsPerMs: number | undefined, bytesPerMs: number): number {
  return Math.max(macsPerMs === undefined ? 0 : p.macs / macsPerMs, p.bytes / bytesPerMs);
}

/** From the highest to the lowest, evenly in the logarithm, both ends included. */
function grid(speeds: readonly number[]): number[] {
  const high = Math.max(...speeds);
  const low = Math.min(...speeds);
  return Array.from({ length: STEPS }, (_, i) => high * (low / high) ** (i / (STEPS - 1)));
}

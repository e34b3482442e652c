/**
 * From times of single operators to one roof a class: time = fixed + max(macs / macsPerS, bytes / bytesPerS), or their sum
 * where that fits clearly better. Pure.
 */
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
  /** Of each node of the class. */
  readonly fixedMs: number;
  /** Arithmetic and memory take turns. */
  readonly sums: boolean;
  /** Median of |log(predicted / measured)|: 0.1 is about 10 %. */
  readonly error: number;
}

const STEPS = 60;
/** Of the quickest point: more of it would leave nothing for its work. */
const FIXED_SHARES = [0, 0.25, 0.5, 0.75];
/** What more figures have to gain before they are believed. */
const WORTH = 0.85;

/**
 * Least sum of |log(predicted / measured)| over a grid of both speeds, each between what the slowest and the fastest
 * point achieved. At least one point; times are positive.
 */
export function fitRoof(points: readonly Point[]): Roof {
  const quickest = Math.min(...points.map((p) => p.ms));
  // Three figures of two or three points prove nothing.
  const shares = points.length > 3 ? FIXED_SHARES : [0];
  const forms = shares.flatMap((share) => [false, true].map((sums) => ({ fixedMs: share * quickest, sums })));
  const [plain, ...others] = forms.map((form) => ({ ...form, ...bestSpeeds(points, form) }));
  const best = others.reduce((a, b) => (b.sum < a.sum ? b : a), plain!);
  const taken = best.sum < WORTH * plain!.sum ? best : plain!;
  const errors = points.map((p) => Math.abs(Math.log(predictMs(p, taken) / p.ms)));
  return {
    macsPerS: taken.macs === undefined ? undefined : taken.macs * 1000,
    bytesPerS: taken.bytes * 1000,
    fixedMs: taken.fixedMs,
    sums: taken.sums,
    error: median(errors),
  };
}

interface Form {
  readonly fixedMs: number;
  readonly sums: boolean;
}

function bestSpeeds(points: readonly Point[], form: Form) {
  const own = points.map((p) => ({ ...p, ms: p.ms - form.fixedMs }));
  // Where both take their time, each may be faster than anything achieved together.
  const headroom = form.sums ? 4 : 1;
  const bytesSpeeds = grid(
    own.map((p) => p.bytes / p.ms),
    headroom,
  );
  const macsSpeeds = points.every((p) => p.macs > 0)
    ? grid(
        own.map((p) => p.macs / p.ms),
        headroom,
      )
    : [undefined];
  let best: { macs: number | undefined; bytes: number; sum: number } | undefined;
  // From fast to slow: where a roof is never touched, what is kept is the most that was achieved.
  for (const macs of macsSpeeds) {
    for (const bytes of bytesSpeeds) {
      let sum = 0;
      for (const p of points) sum += Math.abs(Math.log(predictMs(p, { ...form, macs, bytes }) / p.ms));
      if (!best || sum < best.sum - 1e-12) best = { macs, bytes, sum };
    }
  }
  return best!;
}

function predictMs(
  p: Point,
  { macs, bytes, fixedMs, sums }: Form & { macs: number | undefined; bytes: number },
): number {
  const [compute, memory] = [macs === undefined ? 0 : p.macs / macs, p.bytes / bytes];
  return fixedMs + (sums ? compute + memory : Math.max(compute, memory));
}

/** From the highest to the lowest, evenly in the logarithm, both ends included. */
function grid(speeds: readonly number[], headroom: number): number[] {
  const high = headroom * Math.max(...speeds);
  const low = Math.min(...speeds);
  return Array.from({ length: STEPS }, (_, i) => high * (low / high) ** (i / (STEPS - 1)));
}

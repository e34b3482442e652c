/** From latencies of relays of several sizes to the terms of a profile's `runtime`. Pure. */
import { median, quantile } from '../../../numeric/index.ts';
import type { Runtime, RuntimeTerm } from '../../../profile/index.ts';
import type { Latency } from '../../record.ts';
import { round } from '../round.ts';

/** What one relay showed. */
export interface Observed {
  /** Of the activation, and of the input. */
  readonly bytes: number;
  readonly latencies: readonly Latency[];
  /** Arithmetic of its halves alone, ms. */
  readonly headMs: number;
  readonly tailMs: number;
  /** Echoes of a message of that size through the same broker meanwhile, ms. */
  readonly echoMs: readonly number[];
}

export interface Line {
  readonly fixed: number;
  readonly perByte: number;
}

type Point = readonly [bytes: number, ms: number];

/**
 * Least squares of relative errors: a small message's half millisecond weighs about as much as a large one's ten. What is less than
 * the middle one weighs as it does: it may be a difference of larger figures, or even below nothing. Neither part is negative.
 */
export function fitLine(points: readonly Point[]): Line {
  const least = Math.max(1e-3, median(points.map(([, y]) => y)));
  const weighted = points.map(([x, y]) => [x, y, 1 / Math.max(y, least) ** 2] as const);
  const sum = (f: (x: number, y: number) => number) => weighted.reduce((s, [x, y, w]) => s + w * f(x, y), 0);
  const [one, x, y, xx, xy] = [sum(() => 1), sum((x) => x), sum((_, y) => y), sum((x) => x * x), sum((x, y) => x * y)];
  const determinant = one * xx - x * x;
  const perByte = determinant > 0 ? (one * xy - x * y) / determinant : 0;
  if (perByte <= 0) return { fixed: Math.max(0, y / one), perByte: 0 };
  const fixed = (y - perByte * x) / one;
  return fixed >= 0 ? { fixed, perByte } : { fixed: 0, perByte: Math.max(0, xy / xx) };
}

export const onLine = ({ fixed, perByte }: Line, bytes: number): number => fixed + perByte * bytes;

/** At least two sizes. */
export function runtimeOf(all: readonly Observed[]): Runtime {
  const terms = termsOf(all);
  const errors = all.length < 4 ? [] : all.slice(1).map((left) => heldOutError(all, left));
  return {
    ...terms,
    ...(errors.length > 0 && {
      heldOut: { n: errors.length, medianError: round(median(errors)), worstError: round(Math.max(...errors)) },
    }),
  };
}

function termsOf(all: readonly Observed[]): Pick<Runtime, 'agent' | 'consumer'> {
  const smallest = smallestOf(all);
  const of = (bytes: (o: Observed) => number, beyond: (o: Observed, p: number) => number): RuntimeTerm => {
    const line = (p: number) => {
      const { fixed, perByte } = fitLine(all.map((o) => [bytes(o), beyond(o, p)] as const));
      const measured = { source: 'measured' as const };
      return {
        fixedMs: { value: round(fixed), unit: 'ms' as const, ...measured },
        msPerByte: { value: round(perByte), unit: 'ms/B' as const, ...measured },
      };
    };
    return { p50: line(0.5), p95: line(0.95) };
  };
  return {
    agent: {
      head: of(
        (o) => 2 * o.bytes,
        (o, p) => part(o, 'head', p) - o.headMs,
      ),
      encode: of(
        (o) => o.bytes,
        (o, p) => part(o, 'encode', p),
      ),
    },
    consumer: {
      tail: of(
        (o) => o.bytes,
        (o, p) => part(o, 'tail', p) - o.tailMs,
      ),
      exchange: of(
        (o) => o.bytes,
        (o, p) => exchangeMs(o, smallest, p),
      ),
    },
  };
}

const smallestOf = (all: readonly Observed[]): Observed => all.reduce((a, b) => (b.bytes < a.bytes ? b : a));

const part = (o: Observed, name: keyof Latency, p: number): number =>
  quantile(
    o.latencies.map((l) => l[name]),
    p,
  );

/**
 * What the link itself takes of an inference: an echo carries its bytes both ways, and an answer is small. What an echo takes longer
 * than the smallest one is shared by both ways alike, since both pass the same broker on one machine.
 */
function linkMs(o: Observed, smallest: Observed): number {
  const least = median(smallest.echoMs);
  return least + (median(o.echoMs) - least) / 2;
}

/**
 * What the other terms and the link leave of the whole. Not the median of what the agent calls network: medians of skewed
 * terms do not add up to the median of their sum, and what is predicted is the sum. Scatter is taken as independent.
 */
function exchangeMs(o: Observed, smallest: Observed, p: number): number {
  const own = ['head', 'encode', 'tail'] as const;
  const p50 = part(o, 'total', 0.5) - own.reduce((n, name) => n + part(o, name, 0.5), 0) - linkMs(o, smallest);
  const beyond = (value: (p: number) => number) => (value(p) - value(0.5)) ** 2;
  const others = own.reduce((n, name) => n + beyond((q) => part(o, name, q)), 0);
  const scatter = beyond((q) => part(o, 'total', q)) - others - beyond((q) => quantile(o.echoMs, q));
  return p50 + Math.sqrt(Math.max(0, scatter));
}

/** Of the sum of all terms at the median, by a fit without that size. */
function heldOutError(all: readonly Observed[], left: Observed): number {
  const { agent, consumer } = termsOf(all.filter((o) => o !== left));
  const at = ({ p50 }: RuntimeTerm, bytes: number) => p50.fixedMs.value + p50.msPerByte.value * bytes;
  const { bytes } = left;
  const predicted =
    at(agent.head, 2 * bytes) + at(agent.encode, bytes) + at(consumer.tail, bytes) + at(consumer.exchange, bytes);
  const whole = part(left, 'total', 0.5);
  const smallest = smallestOf(all);
  const measured = whole - left.headMs - left.tailMs - linkMs(left, smallest);
  return Math.abs(predicted / measured - 1);
}

/** Spans of time, as options take them and as people read them. */
import { CutlineError } from '../errors.ts';

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/**
 * @param text 90s, 20m, 1.5h or 2d
 * @returns seconds
 * @throws CutlineError USAGE
 */
export function secondsOf(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (unitSeconds[unit ?? ''] ?? Number.NaN);
  if (seconds > 0) return seconds;
  throw new CutlineError('USAGE', { problem: `${flag} ${text}: give a time such as 90s, 20m, 1.5h or 2d.` });
}

/** Two figures at most. */
export function spanText(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export interface Span {
  readonly low: number;
  readonly high: number;
}

export function rangeText({ low, high }: Span): string {
  const [from, to] = [spanText(low), spanText(high)];
  if (from === to) return `about ${to}`;
  const [number, unit] = from.split(' ');
  return from.split(' ').length === 2 && to.endsWith(` ${unit}`) && to.split(' ').length === 2
    ? `${number} to ${to}`
    : `${from} to ${to}`;
}

/** What is observed counts for more the further one is. */
const trusted = 0.1;
const spread: Span = { low: 0.8, high: 1.3 };

/**
 * @param done share from 0 to 1
 * @param elapsed seconds since it was 0
 * @param expected seconds in all, as they were reckoned before
 */
export function timeLeft(done: number, elapsed: number, expected?: Span): Span | undefined {
  const seen = done > 0 ? (elapsed * (1 - done)) / done : undefined;
  const weight = expected ? Math.min(1, done / trusted) : 1;
  if (seen === undefined && !expected) return undefined;
  const end = (which: 'low' | 'high') =>
    weight * spread[which] * (seen ?? 0) + (1 - weight) * (1 - done) * (expected?.[which] ?? 0);
  return { low: end('low'), high: end('high') };
}

/** How somebody of a fleet is, from when and what was last heard. */
import type { ConsumerView, DeviceView } from './view.ts';

/**
 * `silent`: nothing came for several of its intervals, though its state says online; `offline`: the broker lost it, or it left;
 * `unknown`: nothing tells. Of the two last, and of `silent`, all figures are old.
 */
export type Status = 'online' | 'silent' | 'offline' | 'unknown';

/** Health that does not come for so many intervals is missed; a loaded network delays one. */
const MISSED = 3;
const LEAST_MS = 5000;
/** Of a device whose state was said before anybody watched, until its first health. */
const EXPECTED_MS = 100_000;

const isMissed = (sinceAt: number, everyS: number, now: number): boolean =>
  now - sinceAt > Math.max(LEAST_MS, 1000 * MISSED * everyS);

/** @param watchedSince when the dashboard began to listen; Unix time, ms, as `now` */
export function statusOf({ state, stateAt, heardAt, health }: DeviceView, now: number, watchedSince: number): Status {
  if (state === 'offline') return 'offline';
  const lastAt = Math.max(heardAt ?? 0, stateAt ?? 0);
  if (lastAt === 0) return now - watchedSince > EXPECTED_MS ? 'silent' : 'unknown';
  // Before its first health its interval is not known.
  const isLate = health ? isMissed(lastAt, health.everyS, now) : now - lastAt > EXPECTED_MS;
  return isLate ? 'silent' : 'online';
}

export const isConsumerSilent = ({ heardAt, health }: ConsumerView, now: number): boolean =>
  isMissed(heardAt, health.everyS, now);

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`. */
export function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 3) return 'just now';
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} d ago`;
}

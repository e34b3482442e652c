/** Victims that an attack has said nothing about: what it made of them is no measurement, and never becomes a score. */
import { isMiss, misses, type Stop } from './stops.ts';

/** How a descent may end without a result; and pictures that are the same though what was observed is not. */
export const missReasons = [...misses, 'same'] as const;
export type MissReason = (typeof missReasons)[number];

export interface Missed {
  /** Place among the victims. */
  readonly victim: number;
  readonly reason: MissReason;
}

/** For people: it … */
export const missTexts: Readonly<Record<MissReason, string>> = {
  flat: 'the gradient is zero where it began',
  stuck: 'it took no step, since none along its gradient lowers the objective',
  unmoved: 'it ended where it began',
  'not-finite': 'it came to values that are no numbers',
  risen: 'it ended further from what was observed than it began',
  same: 'its picture is the same as that of another victim, and what was observed is not',
};

/** @param stops one a victim, or those of each victim’s several beginnings, victim by victim: one that got on is enough */
export function missedBy(stops: readonly Stop[], victims = stops.length): { readonly missed?: readonly Missed[] } {
  const each = stops.length / victims;
  const missed = Array.from({ length: victims }, (_, victim) =>
    stops.slice(victim * each, (victim + 1) * each),
  ).flatMap((own, victim): Missed[] => (own.every(isMiss) ? [{ victim, reason: own[0] as MissReason }] : []));
  return missed.length > 0 ? { missed } : {};
}

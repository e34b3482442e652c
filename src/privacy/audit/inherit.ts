/** Leaks along the order of what is sent. */
import type { Release, Shows } from '../mechanisms/index.ts';
import { isStronger, type LeakageResult } from './result.ts';

/**
 * Each group's leak for a threat is the greatest among its own and those of all that can be made from what it sends; of one that
 * is taken from elsewhere, `inherited` says from where.
 */
export function inherited(entries: readonly LeakageResult[], shows: Shows): LeakageResult[] {
  return entries.map((own) => {
    const reachable = entries.filter((e) => e !== own && e.threat === own.threat && shows(own, e));
    const best = reachable.reduce((a, b) => (isStronger(b, a) ? b : a), own);
    if (best === own) return own;
    const { cut, defense, codec } = best;
    const from = { cut, defense, codec };
    return { ...best, cut: own.cut, defense: own.defense, codec: own.codec, inherited: from };
  });
}

/** What is known of a release that was not attacked: the strongest leak, for each threat, of what can be made from it. */
export function behind(
  release: Release & Pick<LeakageResult, 'codec'>,
  entries: readonly LeakageResult[],
  shows: Shows,
): LeakageResult[] {
  const best = new Map<string, LeakageResult>();
  for (const e of entries) {
    const known = best.get(e.threat);
    if (shows(release, e) && (!known || isStronger(e, known))) best.set(e.threat, e);
  }
  return [...best.values()].map((e) => {
    const { cut, defense, codec } = e;
    return { ...e, ...release, inherited: e.inherited ?? { cut, defense, codec } };
  });
}

/** Leaks along the order of what is sent. */
import type { Shows } from '../mechanisms/index.ts';
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

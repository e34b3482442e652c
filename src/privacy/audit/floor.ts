/** The floor: whoever serves the answer gives away what can be made of it, and every attack is told by what it gets beyond. */
import type { Random } from '../../random.ts';
import { bootstrap } from '../metrics/index.ts';
import type { AuditResult } from './result.ts';

/** The attack that sees outputs alone. */
export const floorAttack = 'answer';

/**
 * @param results of attacks on one device by one observer
 * @param confidence of the intervals; default 0.95
 * @returns the same, each with what it gets over the answer, victim by victim, where that was attacked
 */
export function aboveAnswer(results: readonly AuditResult[], random: Random, confidence?: number): AuditResult[] {
  const floor = results.find((r) => r.attack === floorAttack)?.perImage.ssim;
  if (!floor) return [...results];
  return results.map((r) => {
    const gains = r.perImage.ssim.flatMap((v, i) => (v === null || floor[i] == null ? [] : [v - floor[i]!]));
    if (gains.length === 0) return r;
    const label = `over the answer ${r.attack} ${r.observations}`;
    return { ...r, overAnswer: bootstrap(gains, random.fork(label), { range: [-2, 2], confidence }) };
  });
}

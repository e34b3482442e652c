/** One candidate for each cut, in order of depth: what the page draws. Pure. */
import type { Candidate } from '../plan/index.ts';

/** @param value lower is better */
export function rowsOf(
  candidates: readonly Candidate[],
  chosen: Candidate | undefined,
  value: (candidate: Candidate) => number,
): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const c of candidates) {
    const other = best.get(c.cut);
    if (!other || c === chosen || (other !== chosen && isBetter(c, other, value))) best.set(c.cut, c);
  }
  return [...best.values()];
}

/** What is allowed before what is not, what is nearer to it before what is farther, the cheaper before the dearer. */
function isBetter(a: Candidate, b: Candidate, value: (candidate: Candidate) => number): boolean {
  if (a.feasible !== b.feasible) return a.feasible;
  if (a.reasons.length !== b.reasons.length) return a.reasons.length < b.reasons.length;
  return value(a) < value(b);
}

export const terms = ['head', 'encode', 'network', 'tail', 'waiting'] as const;
export type TermName = (typeof terms)[number];

export const termMs = ({ latencyMs }: Candidate, term: TermName): number => latencyMs[term] ?? 0;

/**
 * What the longest bar stands for, ms. What takes many times as long as what matters is cut off, so that the rest can be seen.
 * @param mattering the choice, and what costs alone would have chosen
 */
export function longestMs(rows: readonly Candidate[], mattering: readonly Candidate[]): number {
  const totals = rows.map((c) => c.latencyMs.total);
  const kept = mattering.length > 0 ? mattering.map((c) => c.latencyMs.total) : [Math.min(...totals)];
  return Math.min(Math.max(...totals), 10 * Math.max(...kept)) || 1;
}

export type Verdict = 'chosen' | 'allowed' | 'not attacked' | 'screened' | 'refused';

export function verdictOn(candidate: Candidate, chosen: Candidate | undefined): Verdict {
  if (candidate === chosen) return 'chosen';
  if (candidate.feasible) return 'allowed';
  if (candidate.leakage === null) return 'not attacked';
  return candidate.standing === 'screened' ? 'screened' : 'refused';
}

/** The best candidate for an objective, and the set that no other candidate beats in everything. */
import { type Candidate, type Costed, objectiveValue, type Thresholds } from '../plan/index.ts';

export { objectiveValue };

/** That a server works on it: the tail. */
export const cloudMsOf = ({ latencyMs }: Pick<Candidate, 'latencyMs'>): number => latencyMs.tail;

/** Cheapest first. Ties go to lower latency, then fewer bytes, then the order given. */
export function byObjective(asked: Thresholds): (a: Costed, b: Costed) => number {
  const difference = (a: number, b: number) => (a === b ? 0 : a - b);
  return (a, b) =>
    difference(objectiveValue(a, asked), objectiveValue(b, asked)) ||
    difference(a.latencyMs.total, b.latencyMs.total) ||
    difference(a.wireBytes, b.wireBytes);
}

/** The cheapest feasible candidate; undefined when there is none. */
export function choose(candidates: readonly Candidate[], asked: Thresholds): Candidate | undefined {
  return candidates.filter((c) => c.feasible).sort(byObjective(asked))[0];
}

/** Lower is better in each: latency, energy, bytes, leakage. Unknown energy counts as the worst. */
export function axesOf(c: Pick<Candidate, 'latencyMs' | 'energyMj' | 'wireBytes' | 'leakage'>): readonly number[] {
  const leak = c.leakage?.ssim.high ?? Number.POSITIVE_INFINITY;
  return [c.latencyMs.total, c.energyMj ?? Number.POSITIVE_INFINITY, c.wireBytes, leak];
}

/** At least as good everywhere and better somewhere. */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((v, i) => v <= b[i]!) && a.some((v, i) => v < b[i]!);
}

/** Candidates whose leakage is known and that no other such candidate here dominates, in the order given. */
export function pareto(candidates: readonly Candidate[]): Candidate[] {
  const known = candidates.filter((c) => c.leakage !== null).map((c) => ({ c, axes: axesOf(c) }));
  // In this order whatever dominates a candidate comes before it, so a look at the survivors is enough.
  const ordered = known.toSorted((a, b) => lexicographic(a.axes, b.axes));
  const survivors: typeof known = [];
  for (const k of ordered) if (!survivors.some((s) => dominates(s.axes, k.axes))) survivors.push(k);
  const kept = new Set(survivors);
  return known.filter((k) => kept.has(k)).map((k) => k.c);
}

function lexicographic(a: readonly number[], b: readonly number[]): number {
  const i = a.findIndex((v, k) => v !== b[k]);
  return i < 0 ? 0 : a[i]! - b[i]!;
}

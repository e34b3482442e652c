/** A search in as few rows as say everything: ties and dominated candidates stand for each other, the rest is counted. Pure. */
import type { Candidate } from '../../plan/index.ts';
import { axesOf } from '../choose.ts';

export interface Row {
  readonly candidate: Candidate;
  /** How many others cost and show the same, and are judged alike. */
  readonly ties: number;
}

export interface Rest {
  readonly kind: 'dominated' | 'unaudited' | 'refused';
  readonly count: number;
  /** Different cuts among them. */
  readonly cuts: number;
  /** What they have in common. */
  readonly sentence: string;
}

export interface Collapsed {
  readonly rows: readonly Row[];
  readonly rest: readonly Rest[];
}

/** Shown of what is faster than the choice, was attacked, and is refused. */
const mostRefused = 12;

/**
 * Rows: the chosen one, what nothing beats, and, one for each cut and defense, what is faster than the choice and was refused
 * although something is known of it; each in the order given.
 */
export function collapsed(
  candidates: readonly Candidate[],
  chosen: Candidate | undefined,
  pareto: readonly Candidate[],
): Collapsed {
  const same = groups(candidates, (c) => JSON.stringify([axesOf(c), c.feasible, c.reasons.length]), chosen);
  const best = new Set(pareto);
  const isFaster = (c: Candidate) => !chosen || c.latencyMs.total < chosen.latencyMs.total;
  const refused = groups(
    candidates.filter((c) => !c.feasible && c.leakage !== null && isFaster(c)),
    (c) => JSON.stringify([c.cut, c.defense]),
    chosen,
  );
  const fastest = refused
    .map((group) => group.reduce((a, b) => (b.latencyMs.total < a.latencyMs.total ? b : a)))
    .sort((a, b) => a.latencyMs.total - b.latencyMs.total)
    .slice(0, mostRefused);
  const wanted = new Set([...(chosen ? [chosen] : []), ...best, ...fastest]);
  const rows: Row[] = [];
  const covered = new Set<Candidate>();
  for (const group of same) {
    const shown = group.find((c) => c === chosen) ?? group.find((c) => wanted.has(c));
    if (!shown) continue;
    rows.push({ candidate: shown, ties: group.length - 1 });
    for (const c of group) covered.add(c);
  }
  return { rows, rest: restOf(candidates.filter((c) => !covered.has(c))) };
}

function restOf(others: readonly Candidate[]): Rest[] {
  const dominated = others.filter((c) => c.leakage !== null && (c.feasible || c.standing === 'open'));
  const unaudited = others.filter((c) => c.leakage === null);
  const refused = others.filter((c) => c.leakage !== null && !dominated.includes(c));
  const one = (kind: Rest['kind'], list: readonly Candidate[], sentence: string): Rest[] =>
    list.length === 0 ? [] : [{ kind, count: list.length, cuts: new Set(list.map((c) => c.cut)).size, sentence }];
  return [
    ...one('dominated', dominated, 'candidates that cost and show at least as much as one of these'),
    ...one(
      'unaudited',
      unaudited,
      'candidates that were not audited: a cheaper one was proven first, or another requirement rules them out',
    ),
    ...one(
      'refused',
      refused,
      'candidates that break another requirement, or have less evidence than the protocol asks for',
    ),
  ];
}

/** In order of their first members; whatever is chosen stands in its own group's front. */
function groups<K>(list: readonly Candidate[], key: (c: Candidate) => K, chosen: Candidate | undefined): Candidate[][] {
  const found = new Map<K, Candidate[]>();
  for (const c of list) {
    const group = found.get(key(c));
    if (!group) found.set(key(c), [c]);
    else if (c === chosen) group.unshift(c);
    else group.push(c);
  }
  return [...found.values()];
}

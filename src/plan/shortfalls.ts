/** What of a protocol's demands an audit did not do. Pure. */
import { standIns } from '../attacks.ts';
import { type Threat, threats } from '../threats.ts';
import type { Protocol, RequiredAttack } from './protocol.ts';

export const budgetKeys = ['queries', 'epochs', 'iterations', 'restarts', 'shadows'] as const;
export type BudgetKey = (typeof budgetKeys)[number];

/** Attacks that must have run against an observer of this threat: its own and those of weaker ones. */
export function requiredAttacks(protocol: Protocol, threat: Threat): RequiredAttack[] {
  return threats
    .slice(threats.indexOf(threat))
    .flatMap((t) => protocol.attacks[t].filter(({ name }) => t === threat || !standIns.has(name)));
}

/** What an attack had, as it tells of itself. */
export interface RunAttack {
  readonly name: string;
  readonly budgets: { readonly [K in BudgetKey]?: number | undefined };
  /** What it takes where nobody says how much: where that is more. */
  readonly usual?: { readonly [K in BudgetKey]?: number | undefined } | undefined;
  /** Where it was set otherwise than by default. */
  readonly settings?: Readonly<Record<string, string | number>> | undefined;
  /** It was given every picture there is. */
  readonly exhausted?: boolean | undefined;
  /** Why it could not be mounted here, where the audit could show that. */
  readonly inapplicable?: string | undefined;
}

/**
 * What of the protocol's demands was not met, a phrase each; empty where all was done. Attacks are asked for as they are by
 * themselves, with what they take by themselves where the protocol names no budget.
 */
export function shortfalls(
  protocol: Protocol,
  threat: Threat,
  done: {
    readonly victims: number;
    readonly gallery: number;
    readonly attacks: readonly RunAttack[];
  },
): string[] {
  const missing: string[] = [];
  if (done.victims < protocol.victims) missing.push(`${done.victims} victims of ${protocol.victims}`);
  if (done.gallery < protocol.gallery) missing.push(`a gallery of ${done.gallery} of ${protocol.gallery}`);
  for (const required of requiredAttacks(protocol, threat)) {
    const gaps = done.attacks.filter((a) => a.name === required.name).map((a) => budgetGaps(required, a));
    if (gaps.length === 0) missing.push(`no ${required.name}`);
    else missing.push(...gaps.reduce((a, b) => (b.length < a.length ? b : a)));
  }
  return missing;
}

function budgetGaps(required: RequiredAttack, run: RunAttack): string[] {
  const set = Object.entries(run.settings ?? {}).map(([key, value]) => `${key} ${value}`);
  const otherwise = set.length > 0 ? [`${required.name} by its defaults, not with ${set.join(', ')}`] : [];
  // What does not apply so may apply by its defaults.
  if (run.inapplicable !== undefined) return otherwise;
  const short = budgetKeys.flatMap((key) => {
    const least = required[key] ?? run.usual?.[key];
    const had = run.budgets[key] ?? 0;
    if (least === undefined || had >= least || (key === 'queries' && run.exhausted)) return [];
    return [`${required.name} with ${had} ${key} of ${least}`];
  });
  return [...otherwise, ...short];
}

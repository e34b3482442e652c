/**
 * A protocol says what an audit must have done before its result may let a plan through, as data: `cutline.protocol/1`.
 * An audit that did less has screened, and screening can only refuse.
 */

import { z } from 'zod';
import { standIns } from '../attacks.ts';
import { canonicalSha256 } from '../canonical.ts';
import { type Threat, threats } from '../threats.ts';
import { check } from '../validate.ts';

const count = z.int().positive().max(1_000_000);

/** Least budgets of one attack. Keys are those that attacks tell of themselves. */
const attackSchema = z.strictObject({
  name: z.string().min(1).max(100),
  /** Pictures the device is asked about; all there are is enough. */
  queries: count.optional(),
  epochs: count.optional(),
  iterations: count.optional(),
  restarts: count.optional(),
  shadows: count.optional(),
});
export type RequiredAttack = z.infer<typeof attackSchema>;
export const budgetKeys = ['queries', 'epochs', 'iterations', 'restarts', 'shadows'] as const;
export type BudgetKey = (typeof budgetKeys)[number];

const share = z.number().min(0).max(1);

export const protocolSchema = z
  .strictObject({
    format: z.literal('cutline.protocol/1'),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'expected lower-case letters, digits and dashes'),
    /** False: it may refuse a candidate, and never lets one through. */
    accepts: z.boolean(),
    victims: count,
    gallery: count,
    /** Observations of one scene that an observer has, each attacked; what is sent without randomness shows no more by repeating. */
    observations: z.array(count).min(1).max(8),
    /** What each threat adds to what weaker ones must have run. */
    attacks: z.strictObject(
      Object.fromEntries(threats.map((t) => [t, z.array(attackSchema).max(20)])) as Record<
        Threat,
        z.ZodArray<typeof attackSchema>
      >,
    ),
    /**
     * What the search accepted is attacked once more, on victims it never saw: at most so many candidates, which share the
     * error, the chance that the upper end of a plan's interval lies below the truth.
     */
    confirmation: z
      .strictObject({ victims: count, candidates: count.max(100), error: z.number().positive().max(0.5) })
      .nullable(),
    /** Beside the upper end of the mean SSIM, which the plan's threshold bounds. */
    rules: z.strictObject({
      /** The mean of the worst tenth is at most the threshold plus this. */
      worstDecileAbove: share.nullable(),
      /** Upper end of rank-1 re-identification. */
      rank1: share.nullable(),
      /** Upper end of the share whose reconstruction the model gives its own label. */
      sameLabel: share.nullable(),
    }),
  })
  .refine((p) => !p.accepts || p.victims >= 50, {
    message: 'a protocol that accepts asks for 50 victims at least',
    path: ['victims'],
  })
  .refine((p) => !p.accepts || p.confirmation !== null, {
    message: 'a protocol that accepts confirms',
    path: ['confirmation'],
  });
export type Protocol = z.infer<typeof protocolSchema>;

/** @throws CutlineError PROTOCOL_INVALID */
export function parseProtocol(value: unknown, origin: string): Protocol {
  return check(value, protocolSchema, origin, 'PROTOCOL_INVALID');
}

/** Of its content, whatever the layout of the file. */
export const protocolSha256 = (protocol: Protocol): string => canonicalSha256(protocol);

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

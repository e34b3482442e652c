/**
 * The measurement behind a plan, an entry for each hop and observer, and the rules by which it lets a plan through: one place
 * for the search, the confirmation and the device that verifies.
 */

import { z } from 'zod';
import { codecs } from '../codecs.ts';
import { threats } from '../threats.ts';
import { type Protocol, shortfalls } from './protocol.ts';
import { intervalSchema, name, sha256, ssimBandSchema } from './values.ts';

const count = z.int().nonnegative();

const budgets = {
  queries: count.optional(),
  epochs: count.optional(),
  iterations: count.optional(),
  restarts: count.optional(),
  shadows: count.optional(),
};
/** One attack and the budgets it had. */
const attackSchema = z.strictObject({
  name,
  ...budgets,
  /** What it takes where nobody says how much: where that is more. */
  usual: z.strictObject(budgets).optional(),
  /** Where it was set otherwise than by default. */
  settings: z.record(name, z.union([z.string().max(200), z.number()])).optional(),
  /** It asked about every picture there is. */
  exhausted: z.literal(true).optional(),
  /** Why it could not be mounted. */
  inapplicable: z.string().max(2000).optional(),
});
export type EvidenceAttack = z.infer<typeof attackSchema>;

/** Where a figure was measured, when that is behind what the plan sends. */
const releaseSchema = z.strictObject({ cut: name, defense: name, codec: z.enum(codecs) });

export const evidenceSchema = z.strictObject({
  /** Place of the hop on the way from the device. */
  hop: count,
  observer: z.strictObject({ threat: z.enum(threats), observations: z.int().positive() }),
  /** Nothing that is sent is random: seen more often it shows no more, so one observation stands for any number. */
  deterministic: z.boolean(),
  protocol: z.strictObject({ name, sha256 }),
  ...releaseSchema.shape,
  /** Every attack that was run, with what it was allowed. */
  attacks: z.array(attackSchema).min(1).max(200),
  /** The one that saw most; `guess` when none saw more than a guess without information. */
  strongest: name,
  inherited: releaseSchema.optional(),
  /** Victims that the figures below are of: those that the search did not see, where they were confirmed. */
  images: z.int().positive(),
  /** Victims beside them of whom the attack found nothing out. */
  missed: z.int().positive().optional(),
  ssim: ssimBandSchema,
  psnr: intervalSchema.optional(),
  /** Of the attack that finds most people. */
  reidentification: z
    .strictObject({
      rank1: z.number(),
      low: z.number(),
      high: z.number(),
      gallery: z.int().positive(),
      /** All pictures there were: to be told among fewer is easier, so that will do. */
      whole: z.boolean().optional(),
    })
    .nullable(),
  /** Share whose reconstruction the model gives the label of the picture. */
  sameLabel: z.strictObject({ share: z.number(), low: z.number(), high: z.number() }).nullable(),
  /** What is made of the answer alone: no route that answers in the cloud leaks less. */
  floor: ssimBandSchema.nullable(),
  overAnswer: intervalSchema.nullable(),
  /** Bits of a message where what is sent is discrete: nobody learns more. */
  bitsCap: z.number().nonnegative().nullable(),
  /** On victims that the search never saw. Its interval is wider: all that were looked at share the protocol's error. */
  confirmation: z
    .strictObject({ images: z.int().positive(), ssim: ssimBandSchema, confidence: z.number(), victimsSha256: sha256 })
    .nullable(),
  auditSha256: sha256,
  dataSha256: sha256,
  victimsSha256: sha256.nullable(),
  seed: z.int(),
});
export type Evidence = z.infer<typeof evidenceSchema>;

export interface Demand {
  /** Pictures that must have been attacked. */
  readonly victims: number;
  readonly maxSsim: number;
  readonly maxGain?: number | undefined;
}

/** A rule of a protocol, by the name it has there. */
export interface BrokenRule {
  readonly name: keyof Protocol['rules'];
  readonly protocol: string;
}

/** Why an entry does not let a plan through. */
export interface Gap {
  /** `less`: the audit did less than the protocol asks for, more of it may help. `leaks`: it found too much. */
  readonly kind: 'less' | 'leaks';
  readonly option?: 'max-ssim' | 'max-gain';
  /** Of the protocol, where that is broken; without an option nothing but the protocol could give way, and asked and needed are shares. */
  readonly rule?: BrokenRule;
  readonly asked?: number;
  readonly needed?: number;
  /** A sentence. */
  readonly reason: string;
}

type Judged = Omit<
  Evidence,
  'confirmation' | 'auditSha256' | 'dataSha256' | 'victimsSha256' | 'seed' | 'protocol' | 'hop'
>;

/** Holds the figures of one observer against the protocol's demands and rules, whether they are the search's or confirmed. */
export function gapsOf(entry: Judged, protocol: Protocol, { victims, maxSsim, maxGain }: Demand): Gap[] {
  const gaps: Gap[] = [];
  const less = shortfallsOf(entry, protocol, victims);
  if (!protocol.accepts) {
    gaps.push({
      kind: 'less',
      reason: `Protocol ${protocol.name} can only refuse: what it does not open is screened, not safe.`,
    });
  } else if (less.length > 0) {
    gaps.push({
      kind: 'less',
      reason: `Screened, not safe: protocol ${protocol.name} asks for more (${less.join('; ')}).`,
    });
  }
  const { ssim, strongest, reidentification, sameLabel, overAnswer, observer } = entry;
  const seen = observer.observations > 1 ? ` from ${observer.observations} observations of a scene` : '';
  if (ssim.high > maxSsim) {
    const reason = `${strongest} recovers the picture up to SSIM ${figure(ssim.high)}${seen} (mean ${figure(ssim.mean)} of ${entry.images} images); at most ${figure(maxSsim)} is allowed.`;
    gaps.push({ kind: 'leaks', option: 'max-ssim', asked: maxSsim, needed: ssim.high, reason });
  }
  if (maxGain !== undefined) {
    if (overAnswer === null)
      gaps.push({ kind: 'less', reason: 'What it shows over the answer is not known: no answer attack was run.' });
    else if (overAnswer.high > maxGain) {
      const reason = `${strongest} gains up to SSIM ${figure(overAnswer.high)} over the answer${seen}; at most ${figure(maxGain)} is allowed.`;
      gaps.push({ kind: 'leaks', option: 'max-gain', asked: maxGain, needed: overAnswer.high, reason });
    }
  }
  const { worstDecileAbove, rank1, sameLabel: mostSame } = protocol.rules;
  // As the needed threshold is told: a sum would round otherwise.
  if (worstDecileAbove !== null && ssim.worstDecile !== undefined && ssim.worstDecile - worstDecileAbove > maxSsim) {
    const reason = `The worst tenth of the victims is recovered up to SSIM ${figure(ssim.worstDecile)}${seen}; protocol ${protocol.name} allows ${figure(maxSsim + worstDecileAbove)}.`;
    gaps.push({
      kind: 'leaks',
      option: 'max-ssim',
      asked: maxSsim,
      needed: ssim.worstDecile - worstDecileAbove,
      rule: { name: 'worstDecileAbove', protocol: protocol.name },
      reason,
    });
  }
  if (rank1 !== null) {
    if (!reidentification)
      gaps.push({ kind: 'less', reason: 'Nobody looked whether reconstructions can be told apart.' });
    else if (reidentification.high > rank1)
      gaps.push(ruled('rank1', 'of reconstructions are told among', reidentification.high, rank1));
  }
  if (mostSame !== null && sameLabel && sameLabel.high > mostSame) {
    gaps.push(ruled('sameLabel', 'of reconstructions keep their label among', sameLabel.high, mostSame));
  }
  return gaps;

  function ruled(name: BrokenRule['name'], what: string, needed: number, asked: number): Gap {
    const { gallery } = reidentification ?? { gallery: entry.images };
    const reason = `Up to ${percent(needed)} ${what} ${gallery} pictures${seen}; protocol ${protocol.name} allows ${percent(asked)}.`;
    return { kind: 'leaks', rule: { name, protocol: protocol.name }, asked, needed, reason };
  }
}

/** What of the protocol's demands on this observer was not met, a phrase each. */
function shortfallsOf(entry: Judged, protocol: Protocol, victims: number): string[] {
  const { threat } = entry.observer;
  return shortfalls({ ...protocol, victims }, threat, {
    victims: entry.images + (entry.missed ?? 0),
    gallery: entry.reidentification?.whole ? protocol.gallery : (entry.reidentification?.gallery ?? 0),
    attacks: entry.attacks.map(({ name, exhausted, inapplicable, usual, settings, ...budgets }) => ({
      name,
      budgets,
      usual,
      settings,
      exhausted,
      inapplicable,
    })),
  });
}

/** Numbers of observations that the protocol asks for and no entry is of. What is the same every time need not be seen twice. */
export function missingObservations(
  protocol: Protocol,
  entries: readonly Pick<Evidence, 'observer' | 'deterministic'>[],
): number[] {
  const asked = entries.every((e) => e.deterministic) ? [1] : protocol.observations;
  return asked.filter((k) => !entries.some((e) => e.observer.observations === k));
}

/** The least confidence of a confirmation, so that all that may be looked at share the error. */
export function confidenceFor({ confirmation }: Protocol): number | undefined {
  // The error is of the upper end alone.
  return confirmation ? 1 - (2 * confirmation.error) / confirmation.candidates : undefined;
}

/** Three significant digits, without exponents. */
const figure = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${Math.round(100 * share)} %`;

/** The measurement behind a plan, an entry for each hop and observer. */

import { z } from 'zod';
import { codecs } from '../codecs.ts';
import { threats } from '../threats.ts';
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

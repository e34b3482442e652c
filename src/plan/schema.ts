/**
 * The plan: which cut, defence and codec a fleet runs, and the evidence that it may. One format, `cutline.plan/1`:
 * `plan.json` is what agent and consumer read; `cutline plan --json` prints the same document with the search beside it.
 */

import { z } from 'zod';
import { codecs } from '../codecs.ts';
import { preprocessingSchema } from '../data/card.ts';
import { threats } from '../threats.ts';
import { amount, costFields, costSchema, loadSchema } from './cost.ts';
import { evidenceSchema } from './evidence.ts';
import { misfitsInSet } from './safe-set.ts';
import { answerTypes, intervalSchema, name, sha256, ssim, ssimBandSchema } from './values.ts';

export const objectives = ['latency', 'p95', 'energy', 'bytes', 'cloud', 'weights'] as const;
export type Objective = (typeof objectives)[number];

/** What `weights` weighs: ms, ms, mJ, bytes, and ms of a server. */
export const weighable = ['latency', 'p95', 'energy', 'bytes', 'cloud'] as const;

const tensorSchema = z.strictObject({
  name,
  dtype: name,
  /** Without symbolic dimensions: they are bound when the plan is made. */
  shape: z.array(z.int().nonnegative()).max(16),
});

/** What is sent. */
const sentTensorSchema = z.strictObject({
  ...tensorSchema.shape,
  /** Of a code: it has 2^bits levels. */
  bits: z.int().min(1).max(8).optional(),
});

/** What comes back: numbers of a size that does not depend on the picture, so that an answer can be checked before it is unpacked. */
const answerTensorSchema = z.strictObject({
  name,
  dtype: z.enum(answerTypes),
  shape: z.array(z.int().nonnegative()).max(8),
});
export type AnswerTensor = z.infer<typeof answerTensorSchema>;

/** An input of the model that is part of head and tail: `--input` gave it this value once and for all. */
export const fixedInputSchema = z.strictObject({
  ...tensorSchema.shape,
  shape: tensorSchema.shape.shape.readonly(),
  sha256,
});

/** A file beside `plan.json`: a bare name, so a plan from elsewhere cannot point outside its folder. */
const partSchema = z.strictObject({
  file: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}$/, 'expected a bare file name'),
  sha256,
  bytes: z.int().positive(),
});

/** What an observer gets from (cut, defense, codec) in a threat. SSIM 0 with attack `none` where nothing is sent. */
export const leakageSchema = z.strictObject({
  threat: z.enum(threats),
  /** The strongest attack; `none`: nothing is sent; `reading`: the picture itself is; `guess`: no attack beat a blind guess. */
  attack: name,
  ssim: ssimBandSchema,
  psnr: intervalSchema.optional(),
  images: z.int().nonnegative(),
  /** Of a scene, by the observer that saw most. */
  observations: z.int().positive().optional(),
  /** Where it was measured, when that is behind this cut: whoever sees this one computes that. */
  inherited: z.strictObject({ cut: name, defense: name, codec: z.enum(codecs) }).optional(),
  /** SSIM of what is made of the answer alone, and what the strongest attack gains over it. */
  floor: ssimBandSchema.optional(),
  overAnswer: intervalSchema.optional(),
  /** The codec the attack was run against when it was not this one: a lossy codec is charged what float32 leaks. */
  boundBy: z.string().optional(),
});
export type Leakage = z.infer<typeof leakageSchema>;

export const standings = ['safe', 'accepted', 'screened', 'open', 'unaudited'] as const;
export type Standing = (typeof standings)[number];

export const candidateSchema = z.strictObject({
  cut: name,
  defense: name,
  codec: z.enum(codecs),
  ...costFields,
  /** Bits of a message where what is sent is discrete: no attacker learns more. Null where it is not; 0 where nothing is sent. */
  bitsCap: amount.nullable().default(null),
  /** That the length of a message tells whoever sees it go by, encrypted or not; 0 where it is always the same. */
  lengthBits: amount.default(0),
  /** That a server of the cloud works on it. */
  cloudMs: amount.default(0),
  /** Weights of the head and the most that lives at once while it runs, reckoned from shapes; null where nobody did. */
  memoryBytes: amount.nullable().default(null),
  leakage: leakageSchema.nullable(),
  /**
   * What its evidence is worth. `accepted`: it did what the protocol asks for and passes; `safe`: confirmed besides, or nothing is
   * sent; `screened`: less was done than the protocol asks for; `open`: it leaks more than is allowed; `unaudited`.
   */
  standing: z.enum(standings),
  feasible: z.boolean(),
  /** Why it was refused, a sentence each; empty when it is feasible. */
  reasons: z.array(z.string()),
});
export type Candidate = z.infer<typeof candidateSchema>;

/** What was asked for. A threshold that is left out was not asked for. */
export const thresholdsSchema = z.strictObject({
  threat: z.enum(threats),
  maxSsim: ssim,
  /** Of SSIM over what the answer alone gives. */
  maxGain: z.number().min(-2).max(2).optional(),
  maxLatencyMs: amount.optional(),
  maxP95Ms: amount.optional(),
  maxEnergyMj: amount.optional(),
  /** Of a server. */
  maxCloudMs: amount.optional(),
  minAccuracy: z.number().min(0).max(1).optional(),
  minAgreement: z.number().min(0).max(1).optional(),
  maxBytes: amount.optional(),
  /** That a message has at most, whatever it is written in. */
  maxBits: z.int().positive().optional(),
  /** Of the head, which the device has to hold. */
  maxDownloadBytes: amount.optional(),
  /** Of the device, while the head runs. */
  maxMemoryBytes: amount.optional(),
  /** This cut and no other. */
  at: name.optional(),
  load: loadSchema.optional(),
  /** At least one fully connected layer on the device, which mixes every pixel into every value. */
  requireMixing: z.literal(true).optional(),
  /** Layers with weights that the device runs at least. */
  minDepth: z.int().positive().optional(),
  /** Values that are sent at most. */
  maxFloats: z.int().positive().optional(),
  /** Neither all-device nor all-cloud. */
  requireSplit: z.literal(true).optional(),
  objective: z.enum(objectives),
  weights: z.partialRecord(z.enum(weighable), amount).optional(),
});
export type Thresholds = z.infer<typeof thresholdsSchema>;

/** The search, as `cutline plan --json` prints it; left out of plan.json, which travels over MQTT. */
const searchFields = {
  chosen: candidateSchema.optional(),
  candidates: z.array(candidateSchema).optional(),
  pareto: z.array(candidateSchema).optional(),
  audits: z.strictObject({ run: z.int().nonnegative(), saved: z.int().nonnegative() }).optional(),
  /** All on the device, all in the cloud, split: the best of each, and which wins. */
  alternatives: z.looseObject({ winner: z.string().nullable(), sentence: z.string() }).optional(),
  /** What costs alone would have chosen, and what privacy costs. */
  costOnly: z.looseObject({ candidate: candidateSchema.nullable(), sentence: z.string() }).optional(),
  /** Of a cut of one's own choice. */
  asked: z.looseObject({ cut: name, wrong: z.array(z.string()) }).optional(),
  /** The candidates in few rows. */
  table: z.looseObject({ rows: z.array(z.unknown()), rest: z.array(z.unknown()) }).optional(),
};

/** One way through the network, as a plan of its own. */
const routeFields = {
  format: z.literal('cutline.plan/1'),
  /** 32 hex digits, derived from the rest of the plan: two equal plans have one id. */
  planId: z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits'),
  /** Grows with time; an agent keeps the plan with the higher serial. */
  serial: z.int().nonnegative(),
  created: z.iso.datetime(),
  /** After it nobody runs the plan; without it, it never ends. */
  expires: z.iso.datetime().optional(),
  /** The digest is that of the file; head and tail are of the model with the inputs in `fixed` as its weights. */
  model: z.strictObject({
    name: z.string().max(500).optional(),
    sha256,
    fixed: z.array(fixedInputSchema).min(1).max(1000).readonly().optional(),
  }),
  /** `output`: everything on the device, nothing is sent. `input`: everything in the cloud. */
  cut: z.strictObject({ id: name, tensors: z.array(sentTensorSchema).min(1).max(64) }),
  /** What the device runs; null when it runs nothing (cut `input`). */
  head: partSchema.nullable(),
  /** What the cloud runs; null when it runs nothing (cut `output`). */
  tail: partSchema.nullable(),
  /** The tail's outputs, all that an answer holds; left out where nothing is sent. */
  answer: z.array(answerTensorSchema).min(1).max(64).optional(),
  codec: z.enum(codecs),
  /** As `cutline audit --defense` takes it; `none` is a defence. */
  defense: name,
  /** What the length of a message tells through any encryption: left out where it is always the same. */
  lengths: z.strictObject({ bits: amount, sentence: z.string().max(1000) }).optional(),
  /** How a picture becomes the model's input, from the card the evidence was measured with; null without a card. */
  picture: z
    .strictObject({ input: name, preprocessing: preprocessingSchema, labels: z.array(z.string()).optional() })
    .nullable(),
  thresholds: thresholdsSchema,
  /** One entry for each hop and observer; none where nothing is sent or where the threshold allows everything (maxSsim 1). */
  evidence: z.array(evidenceSchema).max(64),
  predicted: costSchema,
  profiles: z.strictObject({ device: name, cloud: name, link: name }),
};

type AnswerFields = Pick<z.infer<z.ZodObject<typeof routeFields>>, 'tail' | 'answer'>;
const saysItsAnswer = ({ tail, answer }: AnswerFields): boolean => tail === null || answer !== undefined;
const namesDiffer = ({ answer = [] }: AnswerFields): boolean =>
  new Set(answer.map((t) => t.name)).size === answer.length;
const unsaid = { message: 'a plan with a tail says what the tail answers: names, types and shapes', path: ['answer'] };
const twice = { message: 'two outputs of one name', path: ['answer'] };

/** A route of a safe set: a plan with its own id, parts and evidence, that has neither a set nor a signature of its own. */
const memberSchema = z.strictObject(routeFields).refine(saysItsAnswer, unsaid).refine(namesDiffer, twice);

/** Beside the plan's own route. */
const MOST_MEMBERS = 15;

const planFields = z.strictObject({
  ...routeFields,
  /**
   * Other routes that a device may move to, each with evidence of its own; the plan's own is the first choice. Id and signature of
   * the plan cover them.
   */
  safeSet: z.array(memberSchema).min(1).max(MOST_MEMBERS).optional(),
  /** Over the canonical form of all the above (`sign.ts`); `key` is the id of the public key that verifies it. */
  signature: z
    .strictObject({
      algorithm: z.literal('ed25519'),
      key: z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits'),
      value: z.string().regex(/^[A-Za-z0-9+/]{86}==$/, 'expected 64 bytes as base64'),
    })
    .optional(),
  ...searchFields,
});

export const planSchema = planFields
  .refine(saysItsAnswer, unsaid)
  .refine(namesDiffer, twice)
  .superRefine((plan, context) => {
    for (const { index, problem } of misfitsInSet(plan))
      context.addIssue({ code: 'custom', message: problem, path: ['safeSet', index] });
  });
export type Plan = z.infer<typeof planSchema>;

/** The plan itself, as it is signed and travels, without the search beside it. */
export function withoutSearch<T extends Partial<Plan>>(plan: T): Omit<T, keyof typeof searchFields> {
  return Object.fromEntries(Object.entries(plan).filter(([key]) => !Object.hasOwn(searchFields, key))) as T;
}

/** The result of `cutline audit --json` as the planner reads it. Keys it does not need are let through: audits grow. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { readBounded } from '../files.ts';
import { type FixedInput, sameFixed } from '../model/index.ts';
import { codecs, fixedInputSchema, intervalSchema, threats } from '../plan/index.ts';
import { check } from '../validate.ts';

const interval = z.object(intervalSchema.shape);
const codec = z.enum(codecs);
const group = {
  cut: z.string(),
  defense: z.string().default('none'),
  codec: codec.default('float32'),
  threat: z.enum(threats),
  attack: z.string(),
  psnr: interval.optional(),
  ssim: interval,
};

const release = z.object({ cut: z.string(), defense: z.string(), codec });
const count = z.int().nonnegative();
const settings = z.record(z.string(), z.union([z.string(), z.number()]));
const budgets = z.object({
  queries: count.optional(),
  epochs: count.optional(),
  iterations: count.optional(),
  restarts: count.optional(),
  shadows: count.optional(),
});

/** One group's strongest attack. */
export const leakageEntrySchema = z.object({
  ...group,
  observations: z.int().positive().optional(),
  images: z.int().positive().optional(),
  overAnswer: interval.optional(),
  inherited: release.optional(),
});
export type LeakageEntry = z.infer<typeof leakageEntrySchema>;

export const resultEntrySchema = z.object({
  ...group,
  observations: z.int().positive().optional(),
  images: z.int().positive(),
  accuracy: z.number().min(0).max(1).nullish(),
  utility: z.object({ agreement: z.object({ share: z.number() }).nullable() }).optional(),
  /** What a guess scores that saw nothing. */
  baseline: z.object({ ssim: z.number() }).optional(),
  overAnswer: interval.optional(),
  reidentification: z
    .object({
      rank1: z.number(),
      low: z.number(),
      high: z.number(),
      gallery: z.int().positive(),
      whole: z.boolean().optional(),
    })
    .optional(),
  labelAgreement: z.object({ share: z.number(), low: z.number(), high: z.number() }).optional(),
  budgets: budgets.optional(),
  usual: budgets.optional(),
  settings: settings.optional(),
  exhausted: z.literal(true).optional(),
  missed: z.array(z.unknown()).readonly().optional(),
});
export type ResultEntry = z.infer<typeof resultEntrySchema>;

/** An attack that was asked for and found nothing out. */
export const failedEntrySchema = z.object({
  cut: z.string(),
  defense: z.string().default('none'),
  threat: z.enum(threats),
  attack: z.string(),
  message: z.string(),
});
export type FailedEntry = z.infer<typeof failedEntrySchema>;

/** An attack that did not apply where others did, or was not needed. */
const skippedEntrySchema = z.object({
  cut: z.string(),
  defense: z.string().default('none'),
  attack: z.string(),
  code: z.string(),
  message: z.string(),
  settings: settings.optional(),
});
export type SkippedEntry = z.infer<typeof skippedEntrySchema>;

const victims = z.object({ count: z.int().positive(), sha256: z.string() });
const confirmationSchema = z.object({
  victims,
  confidence: z.number().min(0).max(1),
  results: z.array(resultEntrySchema),
  leakage: z.array(leakageEntrySchema),
});
export interface ConfirmationEntries {
  readonly victims: { readonly count: number; readonly sha256: string };
  readonly confidence: number;
  readonly results: readonly ResultEntry[];
  readonly leakage: readonly LeakageEntry[];
}

const auditSchema = z.object({
  format: z.literal('cutline.audit/1'),
  model: z.object({ sha256: z.string(), fixed: z.array(fixedInputSchema).optional() }).optional(),
  results: z.array(resultEntrySchema),
  leakage: z.array(leakageEntrySchema),
  failed: z.array(failedEntrySchema).default([]),
  skipped: z.array(skippedEntrySchema).default([]),
  confirmation: confirmationSchema.optional(),
  adaptive: z.boolean().optional(),
  data: z.object({ sha256: z.string(), victims: victims.optional() }),
  seed: z.int(),
});

/** What attacks found, and where that is written down. */
export interface AuditFindings {
  readonly results: readonly ResultEntry[];
  readonly leakage: readonly LeakageEntry[];
  readonly failed?: readonly FailedEntry[];
  readonly skipped?: readonly SkippedEntry[];
  readonly confirmation?: ConfirmationEntries | undefined;
  readonly dataSha256: string;
  readonly victimsSha256?: string | undefined;
  readonly seed: number;
  /** Digest of the document that holds the findings. */
  readonly auditSha256: string;
}

const MAX_AUDIT_BYTES = 64 * 1024 * 1024;

/**
 * @param modelSha256 an audit that names another model is refused
 * @param fixed as is one of the model with other inputs fixed, or to other values: it is another network
 * @throws CutlineError FILE_NOT_FOUND, AUDIT_INVALID, AUDIT_NO_EVIDENCE, AUDIT_OTHER_MODEL, AUDIT_OTHER_INPUTS
 */
export async function readAudit(
  path: string,
  modelSha256: string,
  fixed: readonly FixedInput[] = [],
): Promise<AuditFindings> {
  const bytes = await readBounded(path, MAX_AUDIT_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new CutlineError('AUDIT_INVALID', { path, problem: (cause as Error).message }, { cause });
  }
  const audit = check(value, auditSchema, path, 'AUDIT_INVALID');
  if (audit.adaptive === false) throw new CutlineError('AUDIT_NO_EVIDENCE', { path });
  if (audit.model && audit.model.sha256 !== modelSha256) {
    throw new CutlineError('AUDIT_OTHER_MODEL', { path, found: audit.model.sha256, wanted: modelSha256 });
  }
  if (!sameFixed(audit.model?.fixed, fixed)) {
    const said = (list: readonly { name: string; sha256: string }[] = []) =>
      list.map((f) => `${f.name} fixed (${f.sha256.slice(0, 12)}…)`).join(', ') || 'no input fixed';
    throw new CutlineError('AUDIT_OTHER_INPUTS', { path, found: said(audit.model?.fixed), wanted: said(fixed) });
  }
  return {
    results: audit.results,
    leakage: audit.leakage,
    failed: audit.failed,
    skipped: audit.skipped,
    confirmation: audit.confirmation,
    dataSha256: audit.data.sha256,
    victimsSha256: audit.data.victims?.sha256,
    seed: audit.seed,
    auditSha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

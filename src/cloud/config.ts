/** The configuration of a consumer, as YAML. Paths are relative to the file they stand in. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { nameSchema, serviceSettings } from '../broker/index.ts';
import { httpSchema, type Overrides, overlay } from '../ops/index.ts';
import { readDocument } from '../validate.ts';

export const consumerConfigSchema = z.strictObject({
  ...serviceSettings,
  /** Where metrics and health are asked for; nowhere when left out. */
  http: httpSchema.optional(),
  /** Consumers of one group share the work, where the broker has shared subscriptions. */
  group: nameSchema.default('tails'),
  /** `auto` shares where the broker says that it can (MQTT 5); `always` also on MQTT 3.1.1. */
  share: z.enum(['auto', 'always', 'never']).default('auto'),
  /** The tail, when it does not lie beside the plan. */
  tail: z.string().min(1).optional(),
  /** The fleet's keys (`cutline keys --device`): with them only sealed messages count. Read again when the file changes. */
  messageKeys: z.string().min(1).optional(),
  /** Activations decoded and run at once; the engine itself runs them one after the other. */
  concurrency: z.int().min(1).max(64).default(2),
  /** Activations admitted and not yet answered; more are refused as OVERLOADED. */
  queue: z.int().min(1).max(100_000).default(64),
  /** The same in bytes. */
  queueBytes: z
    .int()
    .min(1024)
    .default(64 * 2 ** 20),
  /** Answers kept for duplicates. */
  cacheEntries: z.int().min(0).max(1_000_000).default(4096),
  cacheBytes: z
    .int()
    .min(0)
    .default(64 * 2 ** 20),
  /** By how much the clock of a device may be behind ours before its messages count as expired. */
  clockToleranceMs: z.int().min(0).default(2000),
  /** How long to finish what was admitted, when asked to stop. */
  drainMs: z.int().min(0).max(600_000).default(10_000),
});

export type ConsumerConfig = z.infer<typeof consumerConfigSchema>;

/**
 * @param overrides what counts more than the file; nothing when left out
 * @throws CutlineError FILE_NOT_FOUND, or CONFIG_INVALID with the path of each wrong or unknown key; USAGE for such a flag
 */
export async function readConsumerConfig(
  path: string,
  overrides: Overrides = { env: {}, set: [] },
): Promise<{ config: ConsumerConfig; folder: string }> {
  const over = overlay(consumerConfigSchema, path, overrides);
  const config = await readDocument(path, consumerConfigSchema, { code: 'CONFIG_INVALID', over });
  return { config, folder: dirname(resolve(path)) };
}

/** The configuration of a consumer, as YAML. Paths are relative to the file they stand in. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { nameSchema, serviceSettings } from '../broker/index.ts';
import { httpSchema, type Overrides, overlay } from '../ops/index.ts';
import { readDocument } from '../validate.ts';

const batchSchema = z.strictObject({
  /**
   * Activations that go through the tail at once, at most; 1: one after the other. Only what waits anyway goes together, and only
   * as many as make it faster: that is tried at the start, as is that the answers stay the same.
   */
  max: z.int().min(1).max(256).default(16),
  /** How long an activation may wait for others, beyond that. */
  waitMs: z.number().min(0).max(1000).default(0),
});

const { plan, planState, ...settings } = serviceSettings;

const servedSchema = z.strictObject({
  plan,
  /** The tail, when it does not lie beside the plan. */
  tail: z.string().min(1).optional(),
  /** Where to keep what ran last of these plans; needs planKeys. Default: the path of the plan and `.state`. */
  planState: z.string().min(1).optional(),
  batch: batchSchema.optional(),
});

export const consumerConfigSchema = z
  .strictObject({
    ...settings,
    /** Of the one plan that is served; `plans` for several. */
    plan: plan.optional(),
    planState,
    /** Several plans, each with an engine of its own. */
    plans: z.array(servedSchema).min(1).max(64).optional(),
    batch: batchSchema.prefault({}),
    /** Where metrics and health are asked for; nowhere when left out. */
    http: httpSchema.optional(),
    /** Consumers of one plan and group share the work, where the broker has shared subscriptions. Default: the id of the plan. */
    group: nameSchema.optional(),
    /** `auto` shares where the broker says that it can (MQTT 5); `always` also on MQTT 3.1.1. */
    share: z.enum(['auto', 'always', 'never']).default('auto'),
    /** The tail, when it does not lie beside the plan. */
    tail: z.string().min(1).optional(),
    /** The fleet's keys (`cutline keys --device`): with them only sealed messages count. Read again when the file changes. */
    messageKeys: z.string().min(1).optional(),
    /** Runs of a plan's tail that are prepared or under way at once; the engine itself does them one after the other. */
    concurrency: z.int().min(1).max(64).default(2),
    /** Activations admitted and not yet answered, of all plans; more are refused as OVERLOADED. */
    queue: z.int().min(1).max(100_000).default(64),
    /** The same in bytes. */
    queueBytes: z
      .int()
      .min(1024)
      .default(64 * 2 ** 20),
    /**
     * Where to keep answers for duplicates that come after a restart: a folder of this consumer's own, which only its owner may read.
     * Without it they are kept in memory.
     */
    cachePath: z.string().min(1).optional(),
    /** Answers kept for duplicates. */
    cacheEntries: z.int().min(0).max(1_000_000).default(4096),
    cacheBytes: z
      .int()
      .min(0)
      .default(64 * 2 ** 20),
    /** By how much the clock of a device may be behind ours before its messages count as expired. */
    clockToleranceMs: z.int().min(0).default(2000),
    /** Of so many devices sessions, clocks and replays are remembered, some 2 kB each; of more, those unheard of for longest are not. */
    devices: z.int().min(1).max(2_000_000).default(10_000),
    /** How long to finish what was admitted, when asked to stop. */
    drainMs: z.int().min(0).max(600_000).default(10_000),
  })
  .refine(({ plan, plans }) => (plan === undefined) !== (plans === undefined), {
    path: ['plan'],
    message: 'expected either plan or plans',
  })
  .refine(({ tail, plans }) => tail === undefined || plans === undefined, {
    path: ['tail'],
    message: 'expected in the entries of plans',
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

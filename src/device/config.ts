/** The configuration of an agent, `cutline.agent/1` as YAML. Paths are relative to the file they stand in. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { nameSchema, serviceSettings } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { httpSchema, type Overrides, overlay } from '../ops/index.ts';
import { readDocument } from '../validate.ts';
import { homeAssistantSchema } from './home-assistant/index.ts';
import { outboxSchema } from './open-store.ts';
import { isMeterName, meterNames } from './power/index.ts';
import { fsyncSchema } from './results/index.ts';
import { routesSchema } from './routes/index.ts';
import { sinkSchema } from './sinks/index.ts';
import { checkOneSource, sourceSchema } from './sources/index.ts';
import { checkUpdates } from './updates/check-updates.ts';
import { updatesSchema } from './updates/settings.ts';

export const agentConfigSchema = z.strictObject({
  ...serviceSettings,
  /** Where metrics and health are asked for; nowhere when left out. */
  http: httpSchema.optional(),
  device: nameSchema,
  /** The head, when it does not lie beside the plan. */
  head: z.string().min(1).optional(),
  /** The model whose card says how pictures become input, where the plan does not. */
  card: z.string().min(1).optional(),
  /** The device's keys (`cutline keys --device`): with them messages are sealed, and only sealed answers count. */
  messageKeys: z.string().min(1).optional(),
  /** What the audit behind a plan must have done: the name of a shipped protocol, or a file. */
  protocol: z.string().min(1).default('standard'),
  /** Image files, and folders of them. */
  images: z.array(z.string().min(1)).default([]),
  /** Where pictures come from, in place of `images`. */
  source: sourceSchema.optional(),
  /** Grey pictures for a colour network and the reverse: refuse or convert them. */
  channels: z.enum(['refuse', 'convert']).default('refuse'),
  /** How long to wait for an answer before sending again, at first and at least: it follows the round trips that are seen. */
  timeoutMs: z.int().min(10).max(600_000).default(2000),
  /** How often to send again while connected, longer apart each time; when left out, until it expires. */
  retries: z.int().min(0).max(100).optional(),
  /** An inference that has no answer after this long is given up, connected or not. */
  expiryMs: z.int().min(100).max(3_600_000).default(60_000),
  /** Inferences that may wait for an answer at once. 1 has the lowest latency, more have the higher throughput. */
  inFlight: z.int().min(1).max(256).default(1),
  /** What all sends of one scene together may tell; for plans whose mechanism claims an ε. Without it nobody counts. */
  privacyBudget: z
    .strictObject({
      /** A file of the agent's own; its folder must exist, or be makeable. */
      ledger: z.string().min(1),
      epsilon: z.number().positive().max(1e6),
      delta: z.number().positive().max(0.5),
      /** Sends within so many hours are taken to show one scene. */
      windowHours: z
        .number()
        .positive()
        .max(24 * 365),
    })
    .optional(),
  /** Who is told of each inference as it ends. */
  sinks: z.array(sinkSchema).max(16).default([]),
  /** Shows the device in Home Assistant, by the agent's broker. Who reads that broker sees the labels, too. */
  homeAssistant: homeAssistantSchema.optional(),
  /** When lines of the results are forced to the disk: each as it comes, never, or every so many seconds. */
  resultsFsync: fsyncSchema.default(5),
  /** Keeps activations on the disk until they are answered, through outages and ends of the process. */
  outbox: outboxSchema.optional(),
  /** What tells the power of the device, as for `cutline profile --meter`: `auto` takes the first sensor that answers, `none` asks none. */
  meter: z
    .string()
    .refine(isMeterName, `expected ${meterNames.join(', ')} or http://…`)
    .default('auto'),
  /** Takes new plans from the broker, fetches and tries them, and goes back by itself; nothing of the kind when left out. */
  updates: updatesSchema.optional(),
  /** When the agent moves between the routes of a plan's safe set; of a plan without one there is nothing to say. */
  routes: routesSchema.prefault({}),
});

export type AgentConfig = z.infer<typeof agentConfigSchema>;

/**
 * @param overrides what counts more than the file; nothing when left out
 * @throws CutlineError FILE_NOT_FOUND, or CONFIG_INVALID with the path of each wrong or unknown key; USAGE for such a flag
 */
export async function readAgentConfig(
  path: string,
  overrides: Overrides = { env: {}, set: [] },
): Promise<{ config: AgentConfig; folder: string }> {
  const over = overlay(agentConfigSchema, path, overrides);
  const config = await readDocument(path, agentConfigSchema, { code: 'CONFIG_INVALID', over });
  checkOneSource(path, config.images, config.source);
  if (config.outbox && config.source?.type === 'http') {
    const problem = 'outbox, source: who asks over HTTP waits for the answer, and has none to wait for on a disk';
    throw new CutlineError('CONFIG_INVALID', { path, problem });
  }
  checkUpdates(path, config);
  const folder = dirname(resolve(path));
  return { config: { ...config, images: config.images.map((image) => resolve(folder, image)) }, folder };
}

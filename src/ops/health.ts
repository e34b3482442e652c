/**
 * What agents and consumers say of themselves over MQTT, `cutline.health/1`: figures, codes and times. Never a picture, an answer, a
 * name of a file or a secret, since whoever watches the fleet reads it. The same figures as at /metrics, from the same counts.
 */
import { z } from 'zod';

/** Longer ones are refused unread; our own have about 1 kB. */
export const MOST_HEALTH_BYTES = 8192;

/** Failures of so many kinds are told, the latest first. */
export const MOST_FAILURES = 5;

/** A consumer names so many of its plans, which may have many routes each. */
export const MOST_PLAN_IDS = 64;

const count = z.int().nonnegative();
const amount = z.number().nonnegative().max(1e15);
/** By kind or code: few, and known beforehand to whoever writes them. */
const counts = z
  .record(z.string().regex(/^[A-Za-z][A-Za-z_]{0,39}$/), count)
  .refine((all) => Object.keys(all).length <= 32, 'more than 32 kinds');
const planId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'expected the id of a plan');

/** Parts of whoever says it; what a later version says beside them is passed over. */
const common = {
  format: z.literal('cutline.health/1'),
  uptimeS: amount,
  residentBytes: amount,
  /** Seconds to the next one: who is silent for longer has something. */
  everyS: z.number().min(0.01).max(3600),
};

const powerSchema = z.object({
  watts: amount,
  source: z.enum(['measured', 'modelled']),
  meter: z.string().max(64),
});

const failureSchema = z.object({
  /** Of the catalogue of errors. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
  count,
  /** Of the last one, by the clock of who says it. */
  at: z.iso.datetime(),
});

export const agentHealthSchema = z.object({
  ...common,
  of: z.literal('agent'),
  device: z.string(),
  planId,
  /** Id of the plan's route that pictures take now, and moves between routes, where it has several. */
  route: planId.optional(),
  moves: count.optional(),
  inferences: z.object({ answered: count, failed: count }),
  /** Of the last minute; null without answers in it. */
  latencyMs: z.object({ p50: amount, p95: amount, answers: count }).nullable(),
  /** Waiting for an answer now. */
  waiting: count,
  /** On the disk, without an answer; null where nothing is kept there. */
  outbox: z
    .object({
      waiting: count,
      waitingBytes: amount,
      droppedForRoom: count,
      droppedByAge: count,
      droppedOfOtherPlans: count,
    })
    .nullable(),
  /** Pictures that became no inference, by reason. */
  source: counts,
  resends: count,
  lateTwins: count,
  reconnects: count,
  /** Messages on the answer topic that were no answer, by kind. */
  refused: counts,
  /** Null where no meter answers. */
  power: powerSchema.nullable(),
  temperatureC: z.number().min(-100).max(1000).nullable(),
  failures: z.array(failureSchema).max(MOST_FAILURES),
});

export const consumerHealthSchema = z.object({
  ...common,
  of: z.literal('consumer'),
  name: z.string(),
  planIds: z.array(planId).min(1).max(MOST_PLAN_IDS),
  answered: count,
  /** Since the last message, or the start. */
  answeredPerS: amount,
  /** Processors that were kept busy since then; 1 is one. */
  cpus: amount,
  duplicates: count,
  unsent: count,
  /** Admitted and not yet answered, and how many may be. */
  queue: z.object({ activations: count, bytes: amount, most: count }),
  /** Activations that were refused, by code. */
  failures: counts,
  /** Messages that were no activation of their device, by kind. */
  refused: counts,
  /** It answers what it has and leaves; nothing more comes. */
  leaving: z.boolean(),
});

export type AgentHealth = z.infer<typeof agentHealthSchema>;
export type ConsumerHealth = z.infer<typeof consumerHealthSchema>;

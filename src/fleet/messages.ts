/** What comes in from the fleet. Everybody who may publish can send anything: it is held against a schema before it is kept. */
import { z } from 'zod';
import { agentHealthSchema, consumerHealthSchema, MOST_HEALTH_BYTES } from '../ops/index.ts';

/** Of a publish, with topic and header: larger ones are not even read. */
export const MOST_PACKET_BYTES = MOST_HEALTH_BYTES + 512;

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);

const updateSchema = z.object({
  /** Of the plan that runs: the one it was installed with, one that was confirmed, one that is tried, or one that it went back to. */
  standing: z.enum(['factory', 'current', 'trial', 'fallback']),
  /** What became of the last one that was pushed. */
  last: z
    .object({
      planId: id,
      outcome: z.enum(['confirmed', 'failed', 'refused']),
      code: z
        .string()
        .regex(/^[A-Z][A-Z0-9_]{0,63}$/)
        .optional(),
      at: z.iso.datetime(),
    })
    .nullable(),
});
export type PlanUpdate = z.infer<typeof updateSchema>;

/** What a later version says beside it is passed over. */
const stateSchema = z.object({
  format: z.literal('cutline.state/1'),
  status: z.enum(['online', 'offline']),
  device: id,
  /** Empty where none runs: the device waits for one. */
  planId: z.union([id, z.literal('')]),
  bootId: id,
  /** Of plans that are pushed, where the device takes any. */
  update: updateSchema.optional().catch(undefined),
});
export type DeviceState = z.infer<typeof stateSchema>;

/** Undefined for what is no such message. */
export const readState = (payload: Buffer): DeviceState | undefined => read(payload, stateSchema);
export const readAgentHealth = (payload: Buffer) => read(payload, agentHealthSchema);
export const readConsumerHealth = (payload: Buffer) => read(payload, consumerHealthSchema);

function read<S extends z.ZodType>(payload: Buffer, schema: S): z.output<S> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
  return schema.safeParse(value).data;
}

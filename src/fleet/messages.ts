/** What comes in from the fleet. Everybody who may publish can send anything: it is held against a schema before it is kept. */
import { z } from 'zod';
import { agentHealthSchema, consumerHealthSchema, MOST_HEALTH_BYTES } from '../ops/index.ts';

/** Of a publish, with topic and header: larger ones are not even read. */
export const MOST_PACKET_BYTES = MOST_HEALTH_BYTES + 512;

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);

/** What a later version says beside it is passed over. */
const stateSchema = z.object({
  format: z.literal('cutline.state/1'),
  status: z.enum(['online', 'offline']),
  device: id,
  planId: id,
  bootId: id,
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

/** The `homeAssistant:` part of an agent's configuration. */
import { z } from 'zod';
import { prefixSchema } from '../../broker/index.ts';
import { filterSchema } from '../sinks/index.ts';

export const homeAssistantSchema = z.strictObject({
  /** Of discovery, as Home Assistant is set up. */
  prefix: prefixSchema.default('homeassistant'),
  /** Which answers it is told, label and score alone; of all when left out. */
  filter: filterSchema.omit({ failures: true }).optional(),
  /** Seconds between two answers that it is told at least; the latest counts. */
  everyS: z.number().min(0.1).max(3600).default(1),
  /** Takes the device out of Home Assistant, in place of announcing it. */
  remove: z.boolean().default(false),
});

export type HomeAssistantSettings = z.output<typeof homeAssistantSchema>;

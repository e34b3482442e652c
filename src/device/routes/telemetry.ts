/** What is known of link, cloud and device at a moment: all that a decision is made on, and what is recorded of it. */
import { z } from 'zod';

const positive = z.number().nonnegative();

export const telemetrySchema = z.strictObject({
  isOnline: z.boolean(),
  /** Milliseconds of one head without load on this device, by plan; those that were not timed are as the plan says. */
  headMs: z.record(z.string(), positive),
  /** Times of heads, as a multiple of those. */
  slowdown: positive,
  /** Device to broker and back; null before anything was measured: then the plan's own figures count. */
  link: z.strictObject({ rttMs: positive, msPerKb: positive }).nullable(),
  /** What an answer takes beyond link and consumer: the consumer's own way to the broker, event loops. Null before the first. */
  beyondMs: positive.nullable(),
  /** What activations wait at the consumer. */
  waitingMs: positive,
  /** Times of tails, as a multiple of what the plan says. */
  tailFactor: positive,
  temperatureC: z.number().nullable(),
  /** Share that is left. */
  battery: z.strictObject({ share: positive, isDischarging: z.boolean() }).nullable(),
});
export type Telemetry = z.infer<typeof telemetrySchema>;

/** Two digits: what differs by less moves nothing, and makes no line in a recording. */
export const coarse = (value: number): number => Number(value.toPrecision(2));

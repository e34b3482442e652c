/**
 * What the runtime itself takes of one inference, beside the network's arithmetic and the link: hops to the engine's thread,
 * envelopes, copies, event loops, the client of MQTT. Each term is `fixedMs + msPerByte × bytes`, at the median and at the
 * ninety-fifth percentile. A machine has both sides, since it may be either.
 */
import { z } from 'zod';
import { figure, heldOutSchema } from './figure.ts';

const lineSchema = z.strictObject({ fixedMs: figure('ms'), msPerByte: figure('ms/B') });
const termSchema = z.strictObject({ p50: lineSchema, p95: lineSchema.optional() });

export const runtimeSchema = z.strictObject({
  agent: z.strictObject({
    /** Calling the head, beyond its arithmetic; by bytes of its input and of the activation. */
    head: termSchema,
    /** Tensors and envelope written, the answer read; by bytes of float32 activation. A codec's own time is in `encode`. */
    encode: termSchema,
  }),
  consumer: z.strictObject({
    /** Queueing, unpacking, calling the tail, beyond its arithmetic; by bytes of the activation and of the answer. */
    tail: termSchema,
    /** From broker to consumer and back, beyond the echo that a link measures, and what lies between; by bytes of the message. */
    exchange: termSchema,
  }),
  /** Sizes left out of the fit, predicted by it: median and worst |predicted / measured − 1| of the whole overhead. */
  heldOut: heldOutSchema.optional(),
});

export type Runtime = z.infer<typeof runtimeSchema>;
export type RuntimeTerm = z.infer<typeof termSchema>;

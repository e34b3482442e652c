/** The `sinks:` part of an agent's configuration: who is told of each inference, as it ends. */
import { z } from 'zod';
import { brokerSettingsSchema } from '../../broker/index.ts';
import { fsyncSchema } from '../results/index.ts';

/** Decided here: what is held back never leaves the device. All that is said must hold. */
export const filterSchema = z.strictObject({
  /** Names of the answer, or its index where the plan has no names. */
  labels: z.array(z.string().min(1)).min(1).optional(),
  /** The least `score`, 0 … 1. */
  minScore: z.number().min(0).max(1).optional(),
  /** Whether what failed is told. */
  failures: z.boolean().default(false),
});

/** @param outputs whether the network's outputs are told, too: they may be large */
const told = (outputs: boolean) => ({ filter: filterSchema.optional(), outputs: z.boolean().default(outputs) });

/** Lines that may wait while nobody takes them; of more the oldest go, counted. */
const queue = z.int().min(1).max(100_000).default(1000);

function isTopic(text: string): boolean {
  const levels = text.split('/').length - 1;
  return text !== '' && Buffer.byteLength(text) <= 1024 && levels <= 7 && !/[+#\p{Cc}]|^\$/u.test(text);
}

/** No other scheme, and no password in a configuration that is shown around. */
function isWebhook(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return ['http:', 'https:'].includes(url?.protocol ?? '') && url?.username === '' && url.password === '';
}

export const sinkSchema = z.discriminatedUnion(
  'type',
  [
    /** JSON lines on standard output; not with --json. The agent is as slow as who reads them. */
    z.strictObject({ type: z.literal('stdout'), ...told(true) }),
    z.strictObject({
      type: z.literal('file'),
      path: z.string().min(1),
      ...told(true),
      fsync: fsyncSchema.default(5),
      /** Beyond it the file becomes `PATH.1`, in place of the one before, and a new one is begun. */
      maxBytes: z.int().min(4096).optional(),
      queue,
    }),
    z.strictObject({
      type: z.literal('mqtt'),
      /** Without it `cutline/v1/FLEET/DEVICE/result`. */
      topic: z
        .string()
        .refine(isTopic, 'expected a topic without +, # or a leading $, of at most 7 slashes')
        .optional(),
      /** Without it the broker of the agent, by a connection of its own. */
      broker: brokerSettingsSchema.optional(),
      qos: z.union([z.literal(0), z.literal(1)], { error: 'expected 0 or 1' }).default(1),
      retain: z.boolean().default(false),
      ...told(false),
      queue,
    }),
    z.strictObject({
      type: z.literal('webhook'),
      url: z.string().refine(isWebhook, 'expected http://… or https://… without a password in it'),
      /** Only its owner may read it (mode 600); its first line is sent as `Authorization: Bearer …`. */
      tokenFile: z.string().min(1).optional(),
      /** A call that has no answer by then has failed. */
      timeoutMs: z.int().min(10).max(600_000).default(10_000),
      /** How often to call again for one line, with growing pauses. */
      retries: z.int().min(0).max(100).default(5),
      ...told(false),
      queue,
    }),
  ],
  { error: 'expected stdout, file, mqtt or webhook' },
);

export type SinkSettings = z.output<typeof sinkSchema>;
type Of<Type extends SinkSettings['type']> = Extract<SinkSettings, { type: Type }>;
export type FileSettings = Of<'file'>;
export type MqttSettings = Of<'mqtt'>;
export type WebhookSettings = Of<'webhook'>;
export type Filter = z.output<typeof filterSchema>;

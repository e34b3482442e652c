/**
 * A profile: what a machine or a link can do. `cutline.profile/1`, YAML. Each figure says whether it was measured,
 * published or modelled; what nobody knows is left out. A section that is missing is unknown, never zero.
 */
import { z } from 'zod';
import { codecs, fixedInputSchema, type Source, sources } from '../plan/index.ts';

/** Operators that share a roofline, as `model/cost.ts` names them. One GFLOP/s number a device is wrong by ten times. */
export const operatorClasses = ['conv', 'depthwise', 'matmul', 'elementwise'] as const;
export type OperatorClass = (typeof operatorClasses)[number];

function figure<U extends string>(unit: U) {
  return z.strictObject({
    value: z.number().nonnegative(),
    unit: z.literal(unit),
    source: z.enum(sources),
    /** Tenth and ninetieth percentile of n measurements. */
    spread: z
      .strictObject({ p10: z.number().nonnegative(), p90: z.number().nonnegative(), n: z.int().positive() })
      .optional(),
    note: z.string().max(1000).optional(),
    citation: z.string().max(1000).optional(),
  });
}

export interface Figure<U extends string = string> {
  value: number;
  unit: U;
  source: Source;
  spread?: { p10: number; p90: number; n: number } | undefined;
  note?: string | undefined;
  citation?: string | undefined;
}

const name = z.string().min(1).max(500);
const positive = <U extends string>(unit: U) => figure(unit).extend({ value: z.number().positive() });

/** Time of a node = overhead + max(macs / macsPerS, bytes / bytesPerS). */
const rooflineSchema = z.strictObject({
  /** Left out for `elementwise`, which is bound by memory. */
  macsPerS: positive('MAC/s').optional(),
  bytesPerS: positive('B/s'),
});

const computeSchema = z.strictObject({
  /** `engine` and threads the figures hold for. */
  engine: name.optional(),
  threads: z.int().positive().optional(),
  classes: z.record(z.enum(operatorClasses), rooflineSchema),
  /** Added for every node. */
  nodeOverheadMs: figure('ms'),
  /** Added once for every run of a head or tail. */
  callOverheadMs: figure('ms'),
});

const powerSchema = z.strictObject({
  meter: name.optional(),
  idleW: figure('W').optional(),
  busyW: figure('W'),
});

const machineSchema = z.strictObject({
  model: name.optional(),
  cpu: name.optional(),
  architecture: name.optional(),
  cores: z.int().positive().optional(),
  memoryBytes: figure('B').optional(),
  /** Null where the machine has no sensor. */
  temperatureC: figure('°C').nullable().optional(),
});

const linkSchema = z.strictObject({
  /** Round trip of a small message through the broker. */
  rttMs: figure('ms'),
  uplinkBps: positive('bit/s'),
  downlinkBps: positive('bit/s').optional(),
  /** The largest MQTT packet the broker takes. */
  maxPacketBytes: positive('B').optional(),
  /** Power of the radio, on top of the board's: always, and while sending: base + perMbps × rate. */
  radio: z.strictObject({ idleW: figure('W'), sendBaseW: figure('W'), sendWPerMbps: figure('W/Mbps') }).optional(),
});

const measuredModelSchema = z.strictObject({
  name: name.optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex'),
  /** Inputs that `--input` made part of it. */
  fixed: z.array(fixedInputSchema).min(1).max(1000).readonly().optional(),
  cuts: z
    .array(z.strictObject({ cut: name, headMs: figure('ms').optional(), tailMs: figure('ms').optional() }))
    .max(20_000),
});

export const profileSchema = z.strictObject({
  format: z.literal('cutline.profile/1'),
  name,
  created: z.iso.datetime().optional(),
  description: z.string().max(4000).optional(),
  machine: machineSchema.optional(),
  compute: computeSchema.optional(),
  /** Speed of encoding, in bytes of float32 activation a second. */
  encode: z.partialRecord(z.enum(codecs), positive('B/s')).optional(),
  /** Speed of releasing, by kind of stage (`gauss`, `exact-gauss`, `quant`, …), in elements a second; what is missing is modelled. */
  mechanism: z.record(name, positive('element/s')).optional(),
  power: powerSchema.optional(),
  link: linkSchema.optional(),
  models: z.array(measuredModelSchema).max(1000).optional(),
});

export type Profile = z.infer<typeof profileSchema>;
export type Compute = z.infer<typeof computeSchema>;
export type Link = z.infer<typeof linkSchema>;
export type Power = z.infer<typeof powerSchema>;
export type Machine = z.infer<typeof machineSchema>;
export type MeasuredModel = z.infer<typeof measuredModelSchema>;

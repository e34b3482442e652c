/**
 * A profile: what a machine or a link can do. `cutline.profile/1`, YAML. Each figure says whether it was measured,
 * published or modelled; what nobody knows is left out. A section that is missing is unknown, never zero.
 */
import { z } from 'zod';
import { codecs, fixedInputSchema } from '../plan/index.ts';
import { figure, heldOutSchema, positive } from './figure.ts';
import { runtimeSchema } from './runtime.ts';

/** Operators that share a roofline, as `model/cost.ts` names them. One GFLOP/s number a device is wrong by ten times. */
export const operatorClasses = ['conv', 'depthwise', 'matmul', 'elementwise'] as const;
export type OperatorClass = (typeof operatorClasses)[number];

const name = z.string().min(1).max(500);
/** Time of a node = overhead + fixed + max(macs / macsPerS, bytes / bytesPerS), or their sum. */
const rooflineSchema = z.strictObject({
  /** Left out for `elementwise`, which is bound by memory. */
  macsPerS: positive('MAC/s').optional(),
  bytesPerS: positive('B/s'),
  /** Of each node of the class, beside the overhead of any node. */
  fixedMs: figure('ms').optional(),
  /** Arithmetic and memory take turns: their times add up. */
  sums: z.literal(true).optional(),
  /** Sizes that were not fitted, predicted by the fit. */
  heldOut: heldOutSchema.optional(),
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
  /** Whole heads that were not fitted, predicted by the roofs. */
  heldOutHeads: heldOutSchema.optional(),
  /** Speed of dense convolutions with other numbers of threads, against `threads`. */
  byThreads: z
    .array(z.strictObject({ threads: z.int().positive(), speed: positive('ratio') }))
    .max(64)
    .optional(),
});

const powerSchema = z
  .strictObject({
    meter: name.optional(),
    idleW: figure('W').optional(),
    busyW: figure('W'),
  })
  // Meters scatter: what is idle may seem to take a little more.
  .refine(({ idleW, busyW }) => !idleW || idleW.value <= 1.1 * busyW.value, {
    path: ['idleW'],
    message: 'more power at rest than at work',
  });

const machineSchema = z.strictObject({
  model: name.optional(),
  cpu: name.optional(),
  architecture: name.optional(),
  cores: z.int().positive().optional(),
  memoryBytes: figure('B').optional(),
  /** Null where the machine has no sensor. */
  temperatureC: figure('°C').nullable().optional(),
  /** Of Linux' cpufreq: `performance`, `ondemand`, …, and the vendor's power mode: figures hold for these. */
  governor: name.optional(),
  powerMode: name.optional(),
  /** Speed after a while of work against the first second: below 1 it slows down. */
  sustained: positive('ratio').optional(),
});

const linkSchema = z.strictObject({
  /** Round trip of a small message to oneself through the broker. */
  rttMs: figure('ms'),
  /** Of payload, headers of TCP and IP taken off. */
  uplinkBps: positive('bit/s'),
  /** Where it is left out the uplink's rate is assumed, and what follows is modelled. */
  downlinkBps: positive('bit/s').optional(),
  /** Round trips by size of the message. */
  echoes: z
    .array(z.strictObject({ bytes: z.int().positive(), ms: figure('ms') }))
    .max(100)
    .optional(),
  /** Share of TCP segments that had to be sent again. */
  loss: figure('share')
    .extend({ value: z.number().min(0).max(1) })
    .optional(),
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
  /** Of one inference of the whole network: all that the machine took meanwhile, and what of it is beyond rest. */
  energy: z.strictObject({ grossMj: figure('mJ'), netMj: figure('mJ') }).optional(),
  /** Memory of a process with the whole network loaded and run, at its highest, and what the same process takes without. */
  resident: z.strictObject({ bytes: figure('B'), emptyBytes: figure('B') }).optional(),
});

export const profileSchema = z.strictObject({
  format: z.literal('cutline.profile/1'),
  name,
  created: z.iso.datetime().optional(),
  description: z.string().max(4000).optional(),
  machine: machineSchema.optional(),
  compute: computeSchema.optional(),
  /** Speed of encoding, in bytes of float32 activation a second, and what a tensor takes however small it is. */
  encode: z.partialRecord(z.enum(codecs), positive('B/s').extend({ fixedMs: figure('ms').optional() })).optional(),
  /** Speed of releasing, by kind of stage (`gauss`, `exact-gauss`, `quant`, …), in elements a second; what is missing is modelled. */
  mechanism: z.record(name, positive('element/s')).optional(),
  /** What is missing is a usual figure, and the plan says so. */
  runtime: runtimeSchema.optional(),
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

/** What a candidate costs, as plans and candidates say it. */
import { z } from 'zod';

/** Where a figure comes from. A sum is as good as its worst term: modelled < published < measured. */
export const sources = ['measured', 'published', 'modelled'] as const;
export type Source = (typeof sources)[number];

export const amount = z.number().nonnegative();

const latencySchema = z.strictObject({
  /** Parts and total are medians. */
  total: amount,
  head: amount,
  encode: amount,
  network: amount,
  tail: amount,
  /** The total again, by its right name. */
  p50: amount.optional(),
  /** Null where a term of it has no ninety-fifth percentile. */
  p95: amount.nullable().optional(),
  /** Part of the total where a rate of requests is asked for. */
  waiting: amount.optional(),
  /** What the runtime itself usually takes, modelled, and not part of the total: a profile does not say it. */
  uncounted: amount.optional(),
});

const places = z.strictObject({ device: amount, link: amount, cloud: amount });

/** Requests that keep coming. */
export const loadSchema = z.strictObject({
  ratePerS: z.number().positive().max(1e9),
  /** Of the cloud, each running the tail; default 1. */
  servers: z.int().min(1).max(100_000).optional(),
  /** That a server takes together; default 1. */
  batch: z.int().min(1).max(10_000).optional(),
  /** Default Poisson: from many that know nothing of each other; `even`, as a camera's are. */
  arrivals: z.enum(['poisson', 'even']).optional(),
});
export type Load = z.infer<typeof loadSchema>;

const queueingSchema = z.strictObject({
  ratePerS: amount,
  keepsUp: z.boolean(),
  /** Where most of the time is used. */
  limit: z.enum(['device', 'link', 'cloud']),
  /** How it was reckoned. */
  method: z.string(),
  /** Null where nothing takes time. */
  capacityPerS: amount.nullable(),
  throughputPerS: amount,
  /** Shares of the time that a server of each works; 1 and more cannot be kept up. */
  utilisation: places,
  /** Mean waits, and what 95 in 100 wait at most; 0 where it does not keep up. */
  waitingMs: places,
  p95Ms: places,
});
export type Queueing = z.infer<typeof queueingSchema>;

export const costFields = {
  latencyMs: latencySchema,
  /** At the rate that was asked for. */
  queueing: queueingSchema.optional(),
  energyMj: amount.nullable(),
  activationBytes: z.int().nonnegative(),
  wireBytes: z.int().nonnegative(),
  /** What the device must download: the head. */
  downloadBytes: z.int().nonnegative(),
  /** Share of right answers left, 0…1; null where nobody measured it. */
  accuracy: z.number().min(0).max(1).nullable(),
  /** Share of the model's own answers that stay as they are; null where nobody measured it. */
  agreement: z.number().min(0).max(1).nullable(),
  sources: z.strictObject({
    head: z.enum(sources),
    encode: z.enum(sources),
    network: z.enum(sources),
    tail: z.enum(sources),
    energy: z.enum(sources).nullable(),
    wireBytes: z.enum(sources),
    /** Of what the runtime itself takes; null where a profile does not say it, so that it is not counted. */
    runtime: z.enum(sources).nullable().optional(),
  }),
};

export const costSchema = z.strictObject(costFields);
export type Cost = z.infer<typeof costSchema>;

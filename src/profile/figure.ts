/** A figure says its unit, where it comes from, and how it scattered. */
import { z } from 'zod';
import { type Source, sources } from '../plan/index.ts';
import { bounds } from './bounds.ts';

/** Of n measurements; where it was looked at, the bad end as well: the fifth percentile of a speed, the ninety-fifth of a time. */
const spreadSchema = z
  .strictObject({
    p10: z.number().nonnegative(),
    p90: z.number().nonnegative(),
    p5: z.number().nonnegative().optional(),
    p95: z.number().nonnegative().optional(),
    n: z.int().positive(),
  })
  .refine(
    ({ p5 = 0, p10, p90, p95 = Number.POSITIVE_INFINITY }) => p5 <= p10 && p10 <= p90 && p90 <= p95,
    'percentiles out of order',
  );

export function figure<U extends string>(unit: U) {
  return z.strictObject({
    value: valueIn(unit),
    unit: z.literal(unit),
    source: z.enum(sources),
    spread: spreadSchema.optional(),
    note: z.string().max(1000).optional(),
    citation: z.string().max(1000).optional(),
  });
}

export const positive = <U extends string>(unit: U) =>
  figure(unit).extend({ value: valueIn(unit).gt(0, 'expected a number above 0') });

function valueIn(unit: string) {
  const [least, most] = bounds[unit] ?? [0, Number.MAX_VALUE];
  const words = `no machine or link has that many ${unit}: expected ${least} to ${most}`;
  return z.number().min(least, words).max(most, words);
}

/** What a fit says of what it did not see: median and worst |predicted / measured − 1|. */
export const heldOutSchema = z.strictObject({
  n: z.int().positive(),
  medianError: z.number().min(0),
  worstError: z.number().min(0),
});

export interface Figure<U extends string = string> {
  value: number;
  unit: U;
  source: Source;
  spread?: z.infer<typeof spreadSchema> | undefined;
  note?: string | undefined;
  citation?: string | undefined;
}

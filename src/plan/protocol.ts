/**
 * A protocol says what an audit must have done before its result may let a plan through, as data: `cutline.protocol/1`.
 * An audit that did less has screened, and screening can only refuse.
 */

import { z } from 'zod';
import { canonicalSha256 } from '../canonical.ts';
import { type Threat, threats } from '../threats.ts';
import { check } from '../validate.ts';

const count = z.int().positive().max(1_000_000);

/** Least budgets of one attack. Keys are those that attacks tell of themselves. */
const attackSchema = z.strictObject({
  name: z.string().min(1).max(100),
  /** Pictures the device is asked about; all there are is enough. */
  queries: count.optional(),
  epochs: count.optional(),
  iterations: count.optional(),
  restarts: count.optional(),
  shadows: count.optional(),
});
export type RequiredAttack = z.infer<typeof attackSchema>;

const share = z.number().min(0).max(1);

export const protocolSchema = z
  .strictObject({
    format: z.literal('cutline.protocol/1'),
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'expected lower-case letters, digits and dashes'),
    /** False: it may refuse a candidate, and never lets one through. */
    accepts: z.boolean(),
    victims: count,
    gallery: count,
    /** Observations of one scene that an observer has, each attacked; what is sent without randomness shows no more by repeating. */
    observations: z.array(count).min(1).max(8),
    /** What each threat adds to what weaker ones must have run. */
    attacks: z.strictObject(
      Object.fromEntries(threats.map((t) => [t, z.array(attackSchema).max(20)])) as Record<
        Threat,
        z.ZodArray<typeof attackSchema>
      >,
    ),
    /**
     * What the search accepted is attacked once more, on victims it never saw: at most so many candidates, which share the
     * error, the chance that the upper end of a plan's interval lies below the truth.
     */
    confirmation: z
      .strictObject({ victims: count, candidates: count.max(100), error: z.number().positive().max(0.5) })
      .nullable(),
    /** Beside the upper end of the mean SSIM, which the plan's threshold bounds. */
    rules: z.strictObject({
      /** The mean of the worst tenth is at most the threshold plus this. */
      worstDecileAbove: share.nullable(),
      /** Upper end of rank-1 re-identification. */
      rank1: share.nullable(),
      /** Upper end of the share whose reconstruction the model gives its own label. */
      sameLabel: share.nullable(),
    }),
  })
  .refine((p) => !p.accepts || p.victims >= 50, {
    message: 'a protocol that accepts asks for 50 victims at least',
    path: ['victims'],
  })
  .refine((p) => !p.accepts || p.confirmation !== null, {
    message: 'a protocol that accepts confirms',
    path: ['confirmation'],
  });
export type Protocol = z.infer<typeof protocolSchema>;

/** @throws CutlineError PROTOCOL_INVALID */
export function parseProtocol(value: unknown, origin: string): Protocol {
  return check(value, protocolSchema, origin, 'PROTOCOL_INVALID');
}

/** Of its content, whatever the layout of the file. */
export const protocolSha256 = (protocol: Protocol): string => canonicalSha256(protocol);

/** Values that plans, evidence and protocols are made of. */
import { z } from 'zod';

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'expected a SHA-256 in hex');
export const name = z.string().min(1).max(500);
export const ssim = z.number().min(-1).max(1);

/** Mean with its bootstrap interval, of 95 % unless it is said. */
export const intervalSchema = z.strictObject({
  mean: z.number(),
  low: z.number(),
  high: z.number(),
  /** Mean of the worst tenth, as the audit gives it. */
  worstDecile: z.number().optional(),
});

export const ssimBandSchema = intervalSchema.extend({ mean: ssim, low: ssim, high: ssim });

/** Types of numbers that a message carries. */
export const answerTypes = [
  'float32',
  'float64',
  'float16',
  'int8',
  'uint8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'uint64',
  'bool',
] as const;

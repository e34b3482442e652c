/** What is asked of a plan, as a file: `cutline.requirements/1`, with the keys that plan.json has under `thresholds`. */
import { z } from 'zod';
import { readDocument } from '../validate.ts';
import { type Thresholds, thresholdsSchema } from './schema.ts';

const requirementsSchema = thresholdsSchema.partial().extend({ format: z.literal('cutline.requirements/1') });

/** @throws CutlineError FILE_NOT_FOUND, REQUIREMENTS_INVALID with the path of every wrong or unknown key */
export async function readRequirements(path: string): Promise<Partial<Thresholds>> {
  const { format: _, ...asked } = await readDocument(path, requirementsSchema, { code: 'REQUIREMENTS_INVALID' });
  return asked as Partial<Thresholds>;
}

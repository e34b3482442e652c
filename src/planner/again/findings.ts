/** Of what attacks found, what the planner reads: an audit that was made here holds much more. */
import { z } from 'zod';
import { leakageEntrySchema, resultEntrySchema } from '../audit.ts';
import type { Findings } from '../leakage.ts';

const figures = z.object({ results: z.array(resultEntrySchema), leakage: z.array(leakageEntrySchema) });

export function readOf({ budget: _, confirmation, ...findings }: Findings): Findings {
  return {
    ...findings,
    ...figures.parse(findings),
    ...(confirmation && { confirmation: { ...confirmation, ...figures.parse(confirmation) } }),
  };
}

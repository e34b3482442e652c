/** What devices say of their plans on their retained `state`. Anybody who may write there can say so: it is news, no proof. */
import { z } from 'zod';

const text = z.string().max(2000);
const stateSchema = z.object({
  format: z.literal('cutline.state/1'),
  status: z.enum(['online', 'offline']),
  device: text,
  planId: text,
  update: z
    .object({
      standing: z.enum(['factory', 'current', 'trial', 'fallback']),
      broken: text.nullable(),
      trial: text.nullable(),
      last: z
        .object({
          planId: text,
          outcome: z.enum(['confirmed', 'failed', 'refused']),
          code: text.optional(),
          problem: text.optional(),
          at: text,
        })
        .nullable(),
    })
    .optional(),
});
export type DeviceState = z.infer<typeof stateSchema>;

/** Undefined for what is none. */
export function readState(payload: Buffer): DeviceState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(payload.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** `trying`: it lies there or is on trial; `unanswered`: nothing was heard of it. */
export type Taken = 'confirmed' | 'failed' | 'refused' | 'trying' | 'unanswered';

/** What became of a plan on a device. */
export function takenBy(
  { planId: runs, update }: DeviceState,
  planId: string,
): { readonly taken: Taken; readonly problem: string | null } {
  const last = update?.last?.planId === planId ? update.last : undefined;
  // Confirmed once, and another one runs by now: what lay there broke, or the configuration has a newer one.
  const past = last?.outcome === 'confirmed' && runs !== planId ? last : undefined;
  if (last && !past) return { taken: last.outcome, problem: last.problem ?? null };
  if (runs === planId && update?.standing !== 'trial') return { taken: 'confirmed', problem: null };
  if (update?.trial === planId) return { taken: 'trying', problem: null };
  if (!update) return { taken: 'unanswered', problem: 'its agent takes no updates (no `updates:`)' };
  return {
    taken: 'unanswered',
    problem: past ? `it was confirmed at ${past.at}, and plan ${runs} runs by now` : null,
  };
}

/** When it was refused, if it was: pushed again, it is refused at another time, or not any more. */
export const refusedAt = ({ update }: DeviceState, planId: string): string | undefined =>
  update?.last?.planId === planId && update.last.outcome === 'refused' ? update.last.at : undefined;

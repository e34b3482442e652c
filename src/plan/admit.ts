/** Whether a plan may run here, apart from its files and evidence: whole, signed, in its time, and no older than the last one. */
import { z } from 'zod';
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { ifThere } from '../if-there.ts';
import { readDocument } from '../validate.ts';
import { verifyId } from './read.ts';
import { nameIn } from './safe-set.ts';
import type { Plan } from './schema.ts';
import { type PlanKey, verifySignature } from './sign.ts';

export interface Admission {
  /** Public keys that may have signed it; none: nobody here asks for signatures. */
  readonly keys: readonly PlanKey[];
  /** Unix time in milliseconds. */
  readonly nowMs: number;
}

/** @throws CutlineError PLAN_ALTERED, PLAN_UNSIGNED, PLAN_KEY_UNKNOWN, PLAN_EXPIRED */
export function admitPlan(plan: Plan, { keys, nowMs }: Admission): void {
  verifyId(plan);
  if (keys.length > 0) verifySignature(plan, keys);
  requireInTime(plan, nowMs);
}

/** A safe set ends with the first of its routes that ends. @throws CutlineError PLAN_EXPIRED */
export function requireInTime(plan: Pick<Plan, 'planId' | 'expires' | 'safeSet'>, nowMs: number): void {
  for (const route of [plan, ...(plan.safeSet ?? [])]) {
    const { expires } = route;
    if (expires === undefined || nowMs < Date.parse(expires)) continue;
    throw new CutlineError('PLAN_EXPIRED', { plan: nameIn(plan, route), expires, now: new Date(nowMs).toISOString() });
  }
}

const recordSchema = z.strictObject({
  format: z.literal('cutline.plan-state/1'),
  serial: z.int().nonnegative(),
  planId: z.string(),
});

/**
 * What ran here last: an older plan, though it was signed once, is refused. Only signatures make that worth something: whoever may
 * write plans writes serials too.
 */
export class LastPlan {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws CutlineError PLAN_OLDER, PLAN_STATE_INVALID, FILE_* */
  async check({ serial, planId }: Plan): Promise<void> {
    const last = await this.last();
    if (!last || serial > last.serial || (serial === last.serial && planId === last.planId)) return;
    const about = { plan: planId, serial, last: last.planId, lastSerial: last.serial, path: this.#path };
    throw new CutlineError('PLAN_OLDER', about);
  }

  /** Undefined before the first. @throws CutlineError PLAN_STATE_INVALID, FILE_* */
  async last(): Promise<z.infer<typeof recordSchema> | undefined> {
    return ifThere(readDocument(this.#path, recordSchema, { code: 'PLAN_STATE_INVALID', maxBytes: 4096 }));
  }

  /** Once the plan has been verified and before it runs. @throws CutlineError OUTPUT_NOT_WRITABLE */
  async record({ serial, planId }: Plan): Promise<void> {
    const record: z.infer<typeof recordSchema> = { format: 'cutline.plan-state/1', serial, planId };
    await writeAtomically(this.#path, `${JSON.stringify(record)}\n`);
  }
}

/** `cutline plan sign`: issues a plan with its serial, its end and a signature. */
import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { readPlan, readSigningKey, signPlan, verifyId } from '../plan/index.ts';
import { secondsOf } from './duration.ts';

export interface PlanSignArguments {
  readonly plan: string;
  readonly key: string;
  readonly expiresIn: string | undefined;
  readonly newSerial: boolean;
  readonly out: string | undefined;
}

export interface SignedPlan {
  readonly format: 'cutline.plan-sign/1';
  readonly planId: string;
  readonly serial: number;
  readonly expires: string | null;
  readonly key: string;
  readonly path: string;
}

/** Until then dates have four digits for the year, and JavaScript's dates end. */
const LONGEST_S = 100 * 365 * 24 * 3600;

/**
 * What was changed after it was made is not signed: its evidence would no longer be what it was made of.
 * @throws CutlineError FILE_*, SECRET_EXPOSED, KEY_INVALID, PLAN_INVALID, PLAN_ALTERED, USAGE, OUTPUT_NOT_WRITABLE
 */
export async function runPlanSign(options: PlanSignArguments, nowMs: number): Promise<SignedPlan> {
  const seconds = options.expiresIn === undefined ? undefined : secondsOf('--expires-in', options.expiresIn);
  if (seconds !== undefined && seconds > LONGEST_S) {
    throw new CutlineError('USAGE', { problem: `--expires-in ${options.expiresIn}: give 100 years at most.` });
  }
  const plan = await readPlan(options.plan);
  verifyId(plan);
  const key = await readSigningKey(options.key);
  const signed = signPlan(plan, key, {
    ...(seconds !== undefined && { expires: new Date(nowMs + 1000 * seconds) }),
    // Serials are times: what is issued later is newer.
    ...(options.newSerial && { serial: Math.max(nowMs, plan.serial + 1) }),
  });
  const path = options.out ?? options.plan;
  await writeAtomically(path, `${JSON.stringify(signed, null, 2)}\n`);
  const { planId, serial, expires } = signed;
  return { format: 'cutline.plan-sign/1', planId, serial, expires: expires ?? null, key: key.id, path };
}

/** A plan from a configuration: read, and admitted by the keys that it names. */
import { resolve } from 'node:path';
import { admitPlan, LastPlan } from './admit.ts';
import { readPlan } from './read.ts';
import type { Plan } from './schema.ts';
import { type PlanKey, readPublicKey } from './sign.ts';

export interface PlanSettings {
  readonly plan: string;
  readonly planKeys: readonly string[];
  readonly planState: string;
}

export interface OpenPlan {
  readonly plan: Plan;
  readonly path: string;
  /** To be called when all else of the plan has been verified: from then on nothing older runs here. */
  readonly commit: () => Promise<void>;
}

/**
 * What to do about serials: hold the plan against the last one and write it down; only hold it against it, for a plan that is on
 * trial; neither, for one that this device goes back to by itself.
 */
export type Serials = 'keep' | 'check' | 'ignore';

/**
 * @param folder that paths are relative to
 * @throws CutlineError FILE_*, KEY_INVALID, PLAN_INVALID, PLAN_ALTERED, PLAN_UNSIGNED, PLAN_KEY_UNKNOWN, PLAN_EXPIRED, PLAN_OLDER
 */
export async function openPlan(
  settings: PlanSettings,
  folder: string,
  now: () => number,
  serials: Serials = 'keep',
): Promise<OpenPlan> {
  const path = resolve(folder, settings.plan);
  const plan = await readPlan(path);
  const keys = await readPlanKeys(settings, folder);
  admitPlan(plan, { keys, nowMs: now() });
  const open = { plan, path, commit: async () => {} };
  if (keys.length === 0 || serials === 'ignore') return open;
  const last = new LastPlan(resolve(folder, settings.planState));
  await last.check(plan);
  return serials === 'check' ? open : { ...open, commit: () => last.record(plan) };
}

/** @throws CutlineError FILE_*, KEY_INVALID */
export const readPlanKeys = ({ planKeys }: Pick<PlanSettings, 'planKeys'>, folder: string): Promise<PlanKey[]> =>
  Promise.all(planKeys.map((key) => readPublicKey(resolve(folder, key))));

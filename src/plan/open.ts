/** A plan from a configuration: read, and admitted by the keys that it names. */
import { resolve } from 'node:path';
import { admitPlan, LastPlan } from './admit.ts';
import { readPlan } from './read.ts';
import type { Plan } from './schema.ts';
import { readPublicKey } from './sign.ts';

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
 * @param folder that paths are relative to
 * @throws CutlineError FILE_*, KEY_INVALID, PLAN_INVALID, PLAN_ALTERED, PLAN_UNSIGNED, PLAN_KEY_UNKNOWN, PLAN_EXPIRED, PLAN_OLDER
 */
export async function openPlan(settings: PlanSettings, folder: string, now: () => number): Promise<OpenPlan> {
  const path = resolve(folder, settings.plan);
  const plan = await readPlan(path);
  const keys = await Promise.all(settings.planKeys.map((key) => readPublicKey(resolve(folder, key))));
  admitPlan(plan, { keys, nowMs: now() });
  if (keys.length === 0) return { plan, path, commit: async () => {} };
  const last = new LastPlan(resolve(folder, settings.planState));
  await last.check(plan);
  return { plan, path, commit: () => last.record(plan) };
}

/** From the settings of a plan to what serves it: everything is read and checked, and the tail is loaded. */
import { dirname, resolve } from 'node:path';
import { expectedActivation, expectedAnswer } from '../broker/index.ts';
import { createEngine, type Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { openPlan, verifyPlan } from '../plan/index.ts';
import type { ConsumerConfig } from './config.ts';
import type { Served } from './item.ts';
import { loadTail } from './tail.ts';

export interface OpenPlans {
  readonly served: readonly Served[];
  close(): Promise<void>;
}

/**
 * @param folder that paths are relative to
 * @throws CutlineError for a wrong plan or tail; CONFIG_INVALID where one plan stands there twice
 */
export async function openServed(
  config: ConsumerConfig,
  folder: string,
  log: (line: string) => void,
): Promise<OpenPlans> {
  const { threads, executionProvider, engine: name } = config;
  const engines: Engine[] = [];
  const close = async () => void (await Promise.all(engines.map((e) => e.close())));
  const served: Served[] = [];
  try {
    for (const settings of settingsOf(config)) {
      const { plan, path: planPath, commit } = await openPlan({ ...config, ...settings }, folder, Date.now);
      const { planId } = plan;
      if (!plan.tail)
        throw new CutlineError('TAIL_MISMATCH', { path: planPath, problem: 'it keeps everything on the device' });
      if (served.some((s) => s.planId === planId))
        throw new CutlineError('CONFIG_INVALID', { path: planPath, problem: `plan ${planId} stands there twice` });
      const tailPath =
        settings.tail === undefined ? resolve(dirname(planPath), plan.tail.file) : resolve(folder, settings.tail);
      const bytes = await readModel(tailPath);
      // The evidence is the device's to judge: it decides what leaves it.
      verifyPlan(plan, { tailSha256: modelSha256(bytes) });
      await commit();
      const engine = await createEngine({ engine: name, executionProvider, ...(threads !== undefined && { threads }) });
      engines.push(engine);
      const { max, waitMs } = settings.batch;
      const tail = await loadTail(plan, bytes, engine, { mostAtOnce: max, log });
      if (tail.most > 1) log(`the tail of plan ${planId} takes up to ${tail.most} activations at once`);
      served.push({ planId, expected: expectedActivation(plan), answered: expectedAnswer(plan), tail, waitMs });
    }
    return { served, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function settingsOf({ plan, planState, tail, plans, batch }: ConsumerConfig) {
  if (plans) return plans.map((p) => ({ ...p, planState: p.planState ?? `${p.plan}.state`, batch: p.batch ?? batch }));
  return [{ plan: plan!, planState, tail, batch }];
}

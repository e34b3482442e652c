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
    for (const { plan, bytes, settings, commit } of await readServed(config, folder)) {
      const { planId } = plan;
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

/**
 * Reads and checks each plan and its tail; nothing is loaded.
 * @throws CutlineError as `openServed`
 */
export async function readServed(config: ConsumerConfig, folder: string) {
  const read = await Promise.all(
    settingsOf(config).map(async (settings) => {
      const { plan, path: planPath, commit } = await openPlan({ ...config, ...settings }, folder, Date.now);
      if (!plan.tail)
        throw new CutlineError('TAIL_MISMATCH', { path: planPath, problem: 'it keeps everything on the device' });
      const tailPath =
        settings.tail === undefined ? resolve(dirname(planPath), plan.tail.file) : resolve(folder, settings.tail);
      const bytes = await readModel(tailPath);
      // The evidence is the device's to judge: it decides what leaves it.
      verifyPlan(plan, { tailSha256: modelSha256(bytes) });
      return { plan, planPath, bytes, settings, commit };
    }),
  );
  for (const [i, { plan, planPath }] of read.entries()) {
    if (read.findIndex((r) => r.plan.planId === plan.planId) < i)
      throw new CutlineError('CONFIG_INVALID', { path: planPath, problem: `plan ${plan.planId} stands there twice` });
  }
  return read;
}

function settingsOf({ plan, planState, tail, plans, batch }: ConsumerConfig) {
  if (plans) return plans.map((p) => ({ ...p, planState: p.planState ?? `${p.plan}.state`, batch: p.batch ?? batch }));
  return [{ plan: plan!, planState, tail, batch }];
}

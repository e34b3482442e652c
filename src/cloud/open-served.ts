/** From the settings of a plan to what serves it: everything is read and checked, and the tail is loaded. */
import { dirname, resolve } from 'node:path';
import { expectedActivation, expectedAnswer } from '../broker/index.ts';
import { createServingEngine, type Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { modelSha256, readModel } from '../model/index.ts';
import { openPlan, routesOf, verifyPlan } from '../plan/index.ts';
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
      const asked = { engine: name, executionProvider, ...(threads !== undefined && { threads }) };
      const engine = await createServingEngine(asked, log);
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
 * Reads and checks each plan and the tails of its routes; nothing is loaded. A route that several plans have in their safe sets is
 * read once.
 * @throws CutlineError as `openServed`
 */
export async function readServed(config: ConsumerConfig, folder: string) {
  const read = await Promise.all(settingsOf(config).map((settings) => readTails(config, settings, folder)));
  const own = read.flatMap((routes) => routes.slice(0, 1));
  for (const [i, { openedId, planPath }] of own.entries()) {
    if (own.findIndex((r) => r.openedId === openedId) < i)
      throw new CutlineError('CONFIG_INVALID', { path: planPath, problem: `plan ${openedId} stands there twice` });
  }
  const all = read.flat();
  return all.filter(({ plan }, i) => all.findIndex((r) => r.plan.planId === plan.planId) === i);
}

/** The routes of one plan that have a tail; those of a safe set lie where the plan's own lies. */
async function readTails(config: ConsumerConfig, settings: ReturnType<typeof settingsOf>[number], folder: string) {
  const { plan: opened, path: planPath, commit } = await openPlan({ ...config, ...settings }, folder, Date.now);
  const own = settings.tail === undefined ? undefined : resolve(folder, settings.tail);
  const routes = routesOf(opened).filter((route) => route.tail);
  if (routes.length === 0)
    throw new CutlineError('TAIL_MISMATCH', { path: planPath, problem: 'it keeps everything on the device' });
  return Promise.all(
    routes.map(async (plan) => {
      const tailPath =
        own !== undefined && plan.planId === opened.planId ? own : resolve(dirname(own ?? planPath), plan.tail!.file);
      const bytes = await readModel(tailPath);
      // The evidence is the device's to judge: it decides what leaves it.
      verifyPlan(plan, { tailSha256: modelSha256(bytes) });
      return { plan, openedId: opened.planId, planPath, bytes, settings, commit };
    }),
  );
}

function settingsOf({ plan, planState, tail, plans, batch }: ConsumerConfig) {
  if (plans) return plans.map((p) => ({ ...p, planState: p.planState ?? `${p.plan}.state`, batch: p.batch ?? batch }));
  return [{ plan: plan!, planState, tail, batch }];
}

/** What a send costs of a device's privacy budget: opened from configuration and plan, before a byte is sent. */
import { resolve } from 'node:path';
import { CutlineError } from '../errors.ts';
import type { Plan } from '../plan/index.ts';
import { type Guarantee, rhoOfBudget } from '../privacy/mechanisms/index.ts';
import type { AgentConfig } from './config.ts';
import { type Budget, Ledger } from './ledger.ts';

/** Takes the price of one send. @throws CutlineError BUDGET_SPENT, OUTPUT_NOT_WRITABLE */
export type Spend = () => Promise<void>;

const free: Spend = async () => {};

/** A route, and what its mechanism guarantees of one send. */
export interface Spender {
  readonly plan: Pick<Plan, 'planId' | 'defense' | 'tail'>;
  readonly guarantee: Guarantee;
}

/**
 * What is sent of one scene adds up over all routes: one ledger, of the plan that the first route is of, and a price for each.
 * @returns in the order of the routes; those that send nothing spend nothing
 * @throws CutlineError CONFIG_INVALID for a budget without a guarantee to count, or one smaller than a single send; LEDGER_*
 */
export async function openSpending(
  config: Pick<AgentConfig, 'privacyBudget'>,
  folder: string,
  routes: readonly Spender[],
  {
    now,
    log,
    configPath,
  }: { readonly now: () => number; readonly log: (line: string) => void; readonly configPath: string },
): Promise<readonly Spend[]> {
  const budget = budgetOf(config, routes, configPath);
  if (!budget) {
    for (const { plan, guarantee } of routes) {
      if (guarantee.kind === 'dp')
        log(`plan ${plan.planId} claims an ε for each send, and no privacyBudget counts what they add up to`);
    }
    return routes.map(() => free);
  }
  const { planId } = routes[0]!.plan;
  const open = await Ledger.open({ ...budget, path: resolve(folder, budget.path), plan: planId, now });
  return routes.map(({ guarantee }) => {
    const rho = guarantee.kind === 'dp' ? guarantee.rho : undefined;
    return rho === undefined ? free : () => open.spend(rho);
  });
}

/** Holds a budget against the routes and what was spent, and spends nothing. @throws CutlineError as `openSpending` */
export async function lookAtSpending(
  config: Pick<AgentConfig, 'privacyBudget'>,
  folder: string,
  routes: readonly Spender[],
  configPath: string,
): Promise<void> {
  const budget = budgetOf(config, routes, configPath);
  if (budget) await Ledger.look(resolve(folder, budget.path), routes[0]!.plan.planId);
}

/** Undefined where nobody counts. @throws CutlineError CONFIG_INVALID */
function budgetOf(
  { privacyBudget }: Pick<AgentConfig, 'privacyBudget'>,
  routes: readonly Spender[],
  configPath: string,
): { readonly path: string; readonly budget: Budget } | undefined {
  if (!privacyBudget) return undefined;
  const refuse = (problem: string) => new CutlineError('CONFIG_INVALID', { path: configPath, problem });
  const { ledger, epsilon, delta, windowHours } = privacyBudget;
  const budget = { rho: rhoOfBudget(epsilon, delta), windowMs: windowHours * 3_600_000 };
  // One that keeps everything on the device beside others that are counted needs no ε.
  const counted = routes.length === 1 ? routes : routes.filter(({ plan }) => plan.tail);
  for (const { plan, guarantee } of counted) {
    if (guarantee.kind !== 'dp') throw refuse(`privacyBudget: ${plan.defense} claims no ε that could be counted`);
    if (budget.rho < guarantee.rho)
      throw refuse(`privacyBudget: not even one send of ${plan.defense} fits into ε = ${epsilon}, δ = ${delta}`);
  }
  return { path: ledger, budget };
}

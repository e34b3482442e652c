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

/** @throws CutlineError CONFIG_INVALID for a budget without a guarantee to count, or one smaller than a single send; LEDGER_* */
export async function openSpending(
  { privacyBudget }: Pick<AgentConfig, 'privacyBudget'>,
  folder: string,
  plan: Plan,
  guarantee: Guarantee,
  {
    now,
    log,
    configPath,
  }: { readonly now: () => number; readonly log: (line: string) => void; readonly configPath: string },
): Promise<Spend> {
  const { rho } = guarantee.kind === 'dp' ? guarantee : { rho: undefined };
  const budget = budgetOf({ privacyBudget }, plan, guarantee, configPath);
  if (!budget || rho === undefined) {
    if (rho !== undefined)
      log(`plan ${plan.planId} claims an ε for each send, and no privacyBudget counts what they add up to`);
    return free;
  }
  const open = await Ledger.open({ ...budget, path: resolve(folder, budget.path), plan: plan.planId, now });
  return () => open.spend(rho);
}

/** Holds a budget against the plan and what was spent, and spends nothing. @throws CutlineError as `openSpending` */
export async function lookAtSpending(
  config: Pick<AgentConfig, 'privacyBudget'>,
  folder: string,
  plan: Plan,
  guarantee: Guarantee,
  configPath: string,
): Promise<void> {
  const budget = budgetOf(config, plan, guarantee, configPath);
  if (budget) await Ledger.look(resolve(folder, budget.path), plan.planId);
}

/** Undefined where nobody counts. @throws CutlineError CONFIG_INVALID */
function budgetOf(
  { privacyBudget }: Pick<AgentConfig, 'privacyBudget'>,
  plan: Plan,
  guarantee: Guarantee,
  configPath: string,
): { readonly path: string; readonly budget: Budget } | undefined {
  if (!privacyBudget) return undefined;
  const { rho } = guarantee.kind === 'dp' ? guarantee : { rho: undefined };
  const refuse = (problem: string) => new CutlineError('CONFIG_INVALID', { path: configPath, problem });
  if (rho === undefined) throw refuse(`privacyBudget: ${plan.defense} claims no ε that could be counted`);
  const { ledger, epsilon, delta, windowHours } = privacyBudget;
  const budget = { rho: rhoOfBudget(epsilon, delta), windowMs: windowHours * 3_600_000 };
  if (budget.rho < rho)
    throw refuse(`privacyBudget: not even one send of ${plan.defense} fits into ε = ${epsilon}, δ = ${delta}`);
  return { path: ledger, budget };
}

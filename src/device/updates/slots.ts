/** Which plan to start next: the one on trial, else what should run, else what ran before, else that of the configuration. */
import { CutlineError } from '../../errors.ts';
import type { Plan, Protocol } from '../../plan/index.ts';
import type { AgentConfig } from '../config.ts';
import { isOfTheDisk } from './faults-of-plans.ts';
import { checkFilesOf } from './plan-files.ts';
import type { PlansFolder } from './plans-folder.ts';
import { begun, dropped, failed, type Known, unbegun } from './rollout.ts';
import type { RolloutFile } from './rollout-file.ts';
import type { Slot } from './talk.ts';

export interface SlotsOptions {
  readonly config: AgentConfig;
  readonly folder: string;
  readonly protocol: Protocol;
  readonly rollout: RolloutFile;
  readonly plans: PlansFolder;
  readonly log: (line: string) => void;
}

export interface Opened {
  readonly slot: Slot;
  readonly plan: Plan;
}

/** A plan that takes the agent down so often in its trial is not started again. */
const MOST_STARTS = 3;
/** Of what is told of a broken one. */
const MOST_WORDS = 500;

export class Slots {
  readonly #options: SlotsOptions;
  /** Plans that cannot run, by id, '' for that of the configuration, and why. */
  readonly #broken = new Map<string, CutlineError>();
  /** How the plan on trial ended the last time. */
  lastEnd = 'the device or its agent was ended each time';

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** What cannot run is tried again after something changed. */
  forgive(): void {
    this.#broken.clear();
  }

  /** It was started and cannot run. */
  isBroken({ slot, plan }: Opened, error: CutlineError): void {
    this.#broken.set(slot.plan === undefined ? '' : plan.planId, error);
  }

  /** Why nothing runs: of the configuration's plan. */
  get problem(): CutlineError | undefined {
    return this.#broken.get('');
  }

  /** Why what should run does not; null while it does. */
  get broken(): string | null {
    const [first] = this.#broken.values();
    return first ? first.message.slice(0, MOST_WORDS) : null;
  }

  /** Undefined when nothing can run. What is on trial is counted as begun. */
  async next(mayTry: boolean): Promise<Opened | undefined> {
    const { rollout, log } = this.#options;
    if (mayTry && rollout.now.trial) {
      try {
        const opened = await this.#trial(rollout.now.trial);
        if (opened) return opened;
      } catch (error) {
        // A disk that takes nothing: then nothing is tried.
        if (!(error instanceof CutlineError)) throw error;
        log(error.message);
      }
    }
    const { current, previous } = rollout.now;
    const chain = [current, current && previous, null].filter((one, i, all) => all.indexOf(one) === i);
    for (const [i, known] of chain.entries()) {
      const opened = await this.#open(known, i > 0);
      if (opened) return opened;
    }
    return undefined;
  }

  /** Undefined when it has failed by now. */
  async #trial(trial: Known & { readonly starts: number }): Promise<Opened | undefined> {
    const { rollout, plans, log } = this.#options;
    const fail = async (code: string, problem: string) => {
      log(`plan ${trial.planId} has failed: ${problem}`);
      await rollout.settle((r) => failed(r, trial, { code, problem, at: new Date().toISOString() }), log);
      return undefined;
    };
    if (trial.starts >= MOST_STARTS) {
      const problem = `it was started ${trial.starts} times and did not come through; ${this.lastEnd}`;
      return fail('UPDATE_TRIAL', problem);
    }
    const slot: Slot = { standing: 'trial', plan: plans.pathOf(trial.planId), serials: 'check' };
    await rollout.change(begun);
    try {
      return { slot, plan: await this.#checked(slot, trial) };
    } catch (error) {
      if (error instanceof CutlineError && isOfTheDisk(error.code)) {
        log(`plan ${trial.planId} does not lie here as it was fetched: ${error.message} Push it again`);
        await rollout.settle(dropped, log);
        return undefined;
      }
      if (error instanceof CutlineError) return fail(error.code, error.message);
      await rollout.settle(unbegun, log);
      throw error;
    }
  }

  async #open(known: Known | null, isFallback: boolean): Promise<Opened | undefined> {
    const { plans, rollout, log } = this.#options;
    const id = known?.planId ?? '';
    if (this.#broken.has(id)) return undefined;
    const standing = isFallback ? 'fallback' : known ? 'current' : 'factory';
    // What a device goes back to by itself is older than what ran last.
    const serials = isFallback || rollout.isLost ? 'ignore' : 'keep';
    const slot: Slot = { standing, plan: known ? plans.pathOf(known.planId) : undefined, serials };
    try {
      return { slot, plan: await this.#checked(slot, known) };
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      this.#broken.set(id, error);
      log(`${known ? `plan ${id}` : 'the plan of the configuration'} cannot run: ${error.message} [${error.code}]`);
      return undefined;
    }
  }

  async #checked(slot: Slot, known: Known | null): Promise<Plan> {
    const { config, folder, protocol } = this.#options;
    const plan = await checkFilesOf(slot, config, folder, protocol);
    if (!known || plan.planId === known.planId) return plan;
    throw new CutlineError('PLAN_ALTERED', { plan: known.planId, problem: `${plan.planId} lies in its place` });
  }
}

/** Plans that are pushed, one after the other: refused, or fetched until they lie here, or given up. */
import { CutlineError } from '../../errors.ts';
import { headsOf, type Plan, type Push, parsePush } from '../../plan/index.ts';
import { type Admittance, admitPush, placeOf } from './admit-push.ts';
import type { PlansFolder } from './plans-folder.ts';
import { failed, type Known, type Outcome, storyOf } from './rollout.ts';
import type { RolloutFile } from './rollout-file.ts';
import { stagePlan, Tries } from './stage.ts';

export interface ArrivalsOptions {
  readonly admittance: Admittance;
  readonly rollout: RolloutFile;
  readonly plans: PlansFolder;
  readonly token: string | undefined;
  readonly ca: Buffer | undefined;
  /** Whether it runs, or is about to. */
  readonly isHere: (planId: string) => boolean;
  /** It lies here, and may be tried. */
  readonly onStaged: (known: Known) => Promise<void>;
  /** Something happened that whoever watches wants to know. */
  readonly onNews: () => void;
  readonly log: (line: string) => void;
}

/** Plans whose tries are remembered. */
const MOST_TRIED = 64;
const MOST_TOLD = 32;
const SOONEST_MS = 500;

export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #tries = new Map<string, Tries>();
  #said = '';
  #refusals = 0;
  /** What is being fetched. */
  fetching: string | undefined;
  /** The last that was refused, since the last that was not. */
  refused: Outcome | undefined;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async receive(payload: Buffer, signal: AbortSignal): Promise<void> {
    let planId = '';
    try {
      const push = parsePush(payload);
      ({ planId } = push.plan);
      if (!this.#options.isHere(planId)) await this.#take(push, signal);
    } catch (error) {
      if (!signal.aborted) this.#tell(planId, error);
    }
  }

  /** Once of each: retained, it comes again with each connection. And ever more rarely, since anybody may push nonsense. */
  #tell(planId: string, error: unknown): void {
    const { code, message } = error as CutlineError;
    const key = `${planId} ${code}`;
    if (key === this.#said) return;
    this.#said = key;
    const count = ++this.#refusals;
    if (count > MOST_TOLD && (count & (count - 1)) !== 0) return;
    this.#options.log(`a pushed plan was refused: ${message}${count > MOST_TOLD ? ` (the ${count}th)` : ''}`);
  }

  async #take(push: Push, signal: AbortSignal): Promise<void> {
    const { admittance, rollout, plans, token, ca, onStaged, onNews, log } = this.#options;
    const { plan } = push;
    const known = { planId: plan.planId, serial: plan.serial };
    const place = await this.#admitted(push);
    log(`plan ${plan.planId}, serial ${plan.serial}, was pushed`);
    const tries = this.#triesOf(plan);
    this.fetching = plan.planId;
    try {
      await stagePlan(push, { tries, updates: admittance.updates, plans, token, ca, place, log, signal });
    } catch (error) {
      if (!(error instanceof CutlineError) || error.code === 'CANCELLED') throw error;
      log(`plan ${plan.planId} is given up: ${error.message}`);
      const why = { code: error.code, problem: error.message, at: new Date().toISOString() };
      await rollout.settle((r) => failed(r, known, why), log);
      this.#tries.delete(plan.planId);
      return onNews();
    } finally {
      this.fetching = undefined;
    }
    this.#tries.delete(plan.planId);
    this.refused = undefined;
    await onStaged(known);
  }

  /** @throws CutlineError why not; the device's state says it, too */
  async #admitted(push: Push): Promise<{ readonly url: string; readonly own: boolean }> {
    const { admittance, rollout, onNews } = this.#options;
    const { plan } = push;
    try {
      await admitPush(plan, admittance, rollout.now, Date.now());
      const place = headsOf(plan).length > 0 ? placeOf(push, admittance.updates) : { url: '', own: false };
      // Whoever waits for it sees that what was wrong with it is so no more.
      if (this.refused?.planId === plan.planId) {
        this.refused = undefined;
        onNews();
      }
      return place;
    } catch (error) {
      const { refused } = this;
      const isOther = refused?.planId !== plan.planId || refused.code !== (error as CutlineError).code;
      // Said again with its time, so that whoever pushed it again is told of this push; not more often than anybody does that.
      const isNew = isOther || Math.abs(Date.now() - Date.parse(refused.at)) > SOONEST_MS;
      // Of one that failed, how it failed is said already.
      if (error instanceof CutlineError && error.code !== 'UPDATE_FAILED_BEFORE' && isNew) {
        const why = { code: error.code, problem: error.message, at: new Date().toISOString() };
        this.refused = storyOf({ planId: plan.planId, serial: plan.serial }, 'refused', why);
        onNews();
      }
      throw error;
    }
  }

  #triesOf({ planId }: Plan): Tries {
    const tries = this.#tries.get(planId) ?? new Tries(this.#options.admittance.updates);
    this.#tries.delete(planId);
    this.#tries.set(planId, tries);
    const [oldest] = this.#tries.keys();
    if (this.#tries.size > MOST_TRIED && oldest !== undefined) this.#tries.delete(oldest);
    return tries;
  }
}

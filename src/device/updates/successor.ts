/** The plan that is to be tried next, and when. */
import { Backoff } from '../../broker/index.ts';
import type { PlansFolder } from './plans-folder.ts';
import { type Known, keptPlans, staged } from './rollout.ts';
import type { RolloutFile } from './rollout-file.ts';

export interface SuccessorOptions {
  readonly rollout: RolloutFile;
  readonly plans: PlansFolder;
  readonly log: (line: string) => void;
}

export class Successor {
  readonly #options: SuccessorOptions;
  readonly #pause = new Backoff({ firstMs: 60_000, maxMs: 3_600_000 });
  /** It lies here, and waits until another one's trial is over. */
  #waiting: Known | undefined;
  /** A hand-over that was not to be had is asked for again later. */
  #notBeforeMs = 0;

  constructor(options: SuccessorOptions) {
    this.#options = options;
  }

  /** Whether it waits or is on trial. */
  is(planId: string): boolean {
    return this.#waiting?.planId === planId || this.#options.rollout.now.trial?.planId === planId;
  }

  /** Of several the newest is tried. */
  arrived(known: Known): void {
    this.#waiting = known;
  }

  /** No trial is under way: what waits is next. What nobody needs any more goes, but for what is being fetched. */
  async take(fetching: string | undefined): Promise<void> {
    const { rollout, plans, log } = this.#options;
    const known = this.#waiting;
    if (known) {
      await rollout.change((r) => staged(r, known));
      this.#waiting = undefined;
      this.#notBeforeMs = 0;
      log(`plan ${known.planId} lies here and is to be tried`);
    }
    await plans.keepOnly([...keptPlans(rollout.now).map(({ planId }) => planId), fetching ?? '']);
  }

  get mayTry(): boolean {
    return performance.now() >= this.#notBeforeMs;
  }

  /** @param waiting activations in the outbox of what runs: the next plan could do nothing with them */
  isDue(runs: string, waiting: number): boolean {
    const { trial } = this.#options.rollout.now;
    return trial !== null && trial.planId !== runs && (waiting === 0 || this.mayTry);
  }

  /** What ran has left. @param waiting so many activations still have no answer */
  handedOver(waiting: number): void {
    const waitMs = waiting > 0 ? this.#pause.nextMs() : 0;
    this.#notBeforeMs = performance.now() + waitMs;
    if (waiting === 0) return;
    const seconds = Math.round(waitMs / 1000);
    this.#options.log(
      `${waiting} activations still wait for answers; the new plan waits, too, for ${seconds} s at most`,
    );
  }
}

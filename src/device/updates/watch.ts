/** Looks after one running agent: whether its trial is over, and when it shall make way for another plan. */
import type { UpdatesSettings } from './settings.ts';
import type { Slot } from './talk.ts';
import { type Progress, Trial } from './trial.ts';

/** `back`: its trial has failed; `hand-over`: another plan waits. Asked for once. */
export type Next = 'confirm' | 'back' | 'hand-over';

export class Watch {
  readonly #startMs: number;
  readonly #startS: number;
  readonly #trial: Trial;
  #isAsked = false;
  standing: Slot['standing'];
  /** Why its trial has failed. */
  problem: string | undefined;

  constructor(standing: Slot['standing'], limits: UpdatesSettings['trial'], nowMs: number) {
    this.standing = standing;
    this.#startMs = nowMs;
    this.#startS = limits.startS;
    this.#trial = new Trial(limits, nowMs);
  }

  /** Whether it was asked to leave. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  confirmed(): void {
    this.standing = 'current';
  }

  /** @param isDue another plan is to be tried */
  look(progress: Progress, isDue: boolean, nowMs: number): Next | undefined {
    if (this.#isAsked) return undefined;
    const verdict = this.standing === 'trial' ? this.#trial.see(progress, nowMs) : undefined;
    if (verdict?.confirmed === true) return 'confirm';
    if (verdict) ({ problem: this.problem } = verdict);
    // Without a connection what is under way cannot be finished; without a head nothing is.
    const canLeave = progress.connected || (!progress.ready && nowMs - this.#startMs > 1000 * this.#startS);
    this.#isAsked = verdict !== undefined || (isDue && canLeave);
    return this.#isAsked ? (verdict ? 'back' : 'hand-over') : undefined;
  }
}

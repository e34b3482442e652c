/** Whether a plan on trial has shown that it works here. Looks at what the agent reports; knows no clock and no process. */
import type { UpdatesSettings } from './settings.ts';

/** What an agent tells of itself, since its start. */
export interface Progress {
  /** Its head is loaded. */
  readonly ready: boolean;
  readonly connected: boolean;
  /** Pictures are under way, or wait for an answer. */
  readonly asking: boolean;
  /** Activations in the outbox. */
  readonly waiting: number;
  readonly answered: number;
  /** Inferences that failed for a reason that lies in the plan. */
  readonly faults: number;
  /** The last of those, for people. */
  readonly fault?: string | undefined;
}

export type Verdict = { readonly confirmed: true } | { readonly confirmed: false; readonly problem: string };

/** Fewer may be the pictures' own. */
const MOST_FAULTS = 3;

export class Trial {
  readonly #limits: UpdatesSettings['trial'];
  readonly #startMs: number;
  #seenMs: number;
  #answered = 0;
  #firstAnswerMs: number | undefined;
  #silentMs = 0;

  /** @param nowMs of a clock that is never set */
  constructor(limits: UpdatesSettings['trial'], nowMs: number) {
    this.#limits = limits;
    this.#startMs = nowMs;
    this.#seenMs = nowMs;
  }

  /** Undefined as long as nobody can say. Time without a connection, or without a picture, counts for nothing. */
  see({ ready, connected, asking, answered, faults, fault }: Progress, nowMs: number): Verdict | undefined {
    const sinceMs = nowMs - this.#seenMs;
    this.#seenMs = nowMs;
    const { answers, forS, silentS, startS } = this.#limits;
    if (!ready) {
      return nowMs - this.#startMs > 1000 * startS ? failed(`its head was not loaded after ${startS} s`) : undefined;
    }
    if (answered > this.#answered) {
      this.#answered = answered;
      this.#firstAnswerMs ??= nowMs;
      this.#silentMs = 0;
    } else if (connected && asking) this.#silentMs += sinceMs;
    if (faults >= MOST_FAULTS) return failed(`${faults} inferences failed, the last: ${fault ?? 'nobody said why'}`);
    if (answered >= answers) return { confirmed: true };
    if (this.#silentMs > 1000 * silentS)
      return failed(`no answer for ${silentS} s while connected: does a consumer serve it, and does its head end?`);
    const first = this.#firstAnswerMs;
    return first !== undefined && faults === 0 && nowMs - first >= 1000 * forS ? { confirmed: true } : undefined;
  }
}

const failed = (problem: string): Verdict => ({ confirmed: false, problem });

/** What the supervisor and the agent that it started say to each other, over the channel between parent and child. */
import type { Serials } from '../../plan/index.ts';
import type { Progress } from './trial.ts';

/** Which plan an agent runs, and why. */
export interface Slot {
  /** `factory`: that of the configuration. `fallback`: what should run does not. */
  readonly standing: 'factory' | 'current' | 'trial' | 'fallback';
  /** plan.json, with its head beside it. Undefined: as the configuration says. */
  readonly plan: string | undefined;
  readonly serials: Serials;
}

/** What the device's retained state says of updates. */
export interface UpdateState {
  readonly standing: Slot['standing'];
  /** Why what should run does not. */
  readonly broken: string | null;
  /** What is on trial, or waits for it. */
  readonly trial: string | null;
  /** What became of the last plan that was pushed. */
  readonly last: {
    readonly planId: string;
    readonly serial: number;
    readonly outcome: 'confirmed' | 'failed' | 'refused';
    readonly code?: string | undefined;
    readonly problem?: string | undefined;
    readonly at: string;
  } | null;
}

export type ToAgent =
  | { readonly kind: 'go'; readonly slot: Slot; readonly update: UpdateState; readonly isFirst: boolean }
  /** For another plan, or for good. */
  | { readonly kind: 'leave'; readonly forGood: boolean; readonly drainMs: number | undefined }
  | { readonly kind: 'tell'; readonly update: UpdateState };

export type FromAgent =
  | { readonly kind: 'hello' }
  /** Whether it says the device's state itself. */
  | { readonly kind: 'ready'; readonly tells: boolean }
  | ({ readonly kind: 'alive' } & Progress)
  /** It ended by itself or was asked to; `waiting`: so much is still without an answer. */
  | {
      readonly kind: 'left';
      readonly wasStopped: boolean;
      readonly answered: number;
      readonly faults: number;
      readonly waiting: number;
    }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly exit: number };

/** Set for an agent that has a supervisor. */
export const SUPERVISED = 'CUTLINE_SUPERVISED';

/** What an engine and its worker thread say to each other. */
import type { ErrorCode, ErrorDetails } from '../../errors.ts';
import type { LoadOptions } from '../../model/engine.ts';
import type { ValueInfo } from '../../model/graph.ts';
import type { Tensors } from '../../model/tensor.ts';

/** Given once, when the worker starts. */
export interface WorkerData {
  /** The engine's own, as plain values. */
  readonly settings: object;
  /** `flags[id % length] === id` asks request `id` to stop at its next step. */
  readonly cancelFlags: Int32Array;
}

export type SessionOptions = Omit<LoadOptions, 'signal' | 'keepBytes' | 'mostStallMs'>;

/** Feeds that a session holds are called by a number. */
interface OnSession {
  readonly session: number;
  readonly held?: number;
}

export type Request =
  | { readonly kind: 'load'; readonly model: Uint8Array; readonly options: SessionOptions }
  | (OnSession & { readonly kind: 'run'; readonly feeds: Tensors; readonly outputs?: readonly string[] })
  | (OnSession & {
      readonly kind: 'loop';
      readonly feeds: Tensors;
      readonly outputs?: readonly string[];
      readonly steps: number;
      readonly carry: Readonly<Record<string, string>>;
    })
  | (OnSession & { readonly kind: 'time'; readonly feeds: Tensors; readonly warmups: number; readonly repeats: number })
  /** Answered with the number of what is held: these feeds, and those held already. */
  | (OnSession & { readonly kind: 'hold'; readonly feeds: Tensors })
  | (Required<OnSession> & { readonly kind: 'let-go' })
  | { readonly kind: 'release'; readonly session: number }
  /** Ends the worker. */
  | { readonly kind: 'stop' }
  /** For the tests: end the worker as a crash would. */
  | { readonly kind: 'crash' };

export interface Loaded {
  readonly session: number;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export type Answer = Loaded | Tensors | number[] | number | undefined;

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: Answer }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly id: number; readonly progress: number };

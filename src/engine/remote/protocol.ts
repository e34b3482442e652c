/** What an engine and its worker thread say to each other. */
import type { ErrorCode, ErrorDetails } from '../../errors.ts';
import type { ValueInfo } from '../../model/graph.ts';
import type { Tensors } from '../../model/tensor.ts';
import type { LoadOptions } from '../engine.ts';

/** Given once, when the worker starts. */
export interface WorkerData {
  /** The engine's own, as plain values. */
  readonly settings: object;
  /** `flags[id % length] === id` asks request `id` to stop at its next step. */
  readonly cancelFlags: Int32Array;
}

export type SessionOptions = Omit<LoadOptions, 'signal'>;

export type Request =
  | { readonly kind: 'load'; readonly model: Uint8Array; readonly options: SessionOptions }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: Tensors; readonly outputs?: readonly string[] }
  | {
      readonly kind: 'loop';
      readonly session: number;
      readonly feeds: Tensors;
      readonly outputs?: readonly string[];
      readonly steps: number;
      readonly carry: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'time';
      readonly session: number;
      readonly feeds: Tensors;
      readonly warmups: number;
      readonly repeats: number;
    }
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

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: Loaded | Tensors | number[] | undefined }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly details: ErrorDetails }
  | { readonly id: number; readonly progress: number };

/** What the engine and its worker say to each other. */
import type { ValueInfo } from '../../model/graph.ts';
import type { Tensors } from '../../model/tensor.ts';

/** Settings of a worker, given once when it starts. */
export interface OrtSettings {
  readonly threads: number;
  readonly executionProvider: string;
  readonly spinning: boolean;
  readonly flushDenormals: boolean;
  /** `flags[id % length] === id` asks request `id` to stop at its next step. */
  readonly cancelFlags: Int32Array;
}

export type Request =
  | { readonly kind: 'load'; readonly model: Uint8Array; readonly optimization: string }
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
  | {
      readonly id: number;
      readonly ok: false;
      readonly code: 'ENGINE_LOAD' | 'ENGINE_RUN' | 'CANCELLED';
      readonly problem: string;
    }
  | { readonly id: number; readonly progress: number };

/** What became of each inference, and the summary of a run. */

import type { CutlineError } from '../errors.ts';
import { asNumbers, type Tensors } from '../model/tensor.ts';
import { argMax, quantile } from '../numeric/index.ts';

/** Milliseconds, from the network's input being ready to the answer being decoded. */
export interface Latency {
  /** Everything below, and what lies between. */
  readonly total: number;
  /** Head and defence, on the device. */
  readonly head: number;
  /** Encoding the activation and decoding the answer, on the device. */
  readonly encode: number;
  /** From handing the message over to its answer, without what the consumer did in between. */
  readonly network: number;
  /** Decoding, waiting and the tail, at the consumer. */
  readonly tail: number;
}

export interface Inference {
  readonly index: number;
  readonly image: string;
  readonly label?: string;
  /** Index of the largest value of the network's first output; −1 where one is no number. */
  readonly top1: number;
  readonly top1Label?: string;
  readonly latencyMs: Latency;
  /** How often the activation was sent. */
  readonly tries: number;
}

export interface Failed {
  readonly index: number;
  readonly image: string;
  readonly error: { readonly code: string; readonly message: string };
}

export function failed(index: number, image: string, { code, message }: CutlineError): Failed {
  return { index, image, error: { code, message } };
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const parts = ['total', 'head', 'encode', 'network', 'tail'] as const;

/** The spread of every part; null of no inferences. */
export function spreads(all: readonly Latency[]): Record<(typeof parts)[number], Spread> | null {
  if (all.length === 0) return null;
  return Object.fromEntries(parts.map((p) => [p, spread(all.map((l) => l[p]))])) as Record<
    (typeof parts)[number],
    Spread
  >;
}

function spread(values: readonly number[]): Spread {
  return { p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)), max: round(Math.max(...values)) };
}

/** Microseconds are as fine as these clocks mean anything. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Index of the largest value of the first output; −1 where one is no number. */
export function top1(outputs: Tensors): number {
  return argMax(asNumbers(Object.values(outputs)[0]!));
}

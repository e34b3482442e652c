/** What became of each inference. */

import type { CutlineError } from '../errors.ts';
import { asNumbers, type Tensors } from '../model/tensor.ts';
import { argMax } from '../numeric/index.ts';

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
  /** The plan's, or that of the route of its safe set by which it was answered. */
  readonly planId: string;
}

/** Of an inference that the recorder did not see come. */
export interface Known {
  /** Hex, of the picture's bytes. */
  readonly sha256?: string | undefined;
  /** By which its lines are one. */
  readonly id?: string | undefined;
}

export interface Failed {
  readonly index: number;
  readonly image: string;
  readonly error: { readonly code: string; readonly message: string };
}

export function failed(index: number, image: string, { code, message }: CutlineError): Failed {
  return { index, image, error: { code, message } };
}

/** Microseconds are as fine as these clocks mean anything. */
export function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Index of the largest value of the first output; −1 where one is no number. */
export function top1(outputs: Tensors): number {
  return argMax(asNumbers(Object.values(outputs)[0]!));
}

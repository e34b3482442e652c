/** A message that asks, and what comes of it. */
import type { Body } from '../broker/index.ts';
import type { Tensors } from '../model/tensor.ts';
import type { Written } from './session.ts';

export interface Message {
  readonly correlationId: string;
  /** Whose consumers answer it. */
  readonly planId: string;
  readonly first: Written;
  /** What is sent again, in full. */
  readonly again: () => Uint8Array;
}

export type BodyOf<K extends Body['kind']> = Extract<Body, { readonly kind: K }>;

/** A result as it was checked and unpacked. */
export interface Outcome extends Omit<BodyOf<'result'>, 'tensors'> {
  readonly outputs: Tensors;
}

export interface Answer {
  readonly correlationId: string;
  /** When it came, by `performance.now()`. */
  readonly arrivedMs: number;
  readonly body: Outcome | BodyOf<'failure'>;
}

export interface Delivered extends Pick<Answer, 'arrivedMs'> {
  readonly outcome: Outcome;
  /** When it was first handed to the connection, by `performance.now()`. */
  readonly sentMs: number;
  readonly tries: number;
}

/** A plan as a consumer serves it, and an activation of it on its way through. */
import type { Envelope, ExpectedTensor } from '../broker/index.ts';
import type { Tail } from './tail.ts';

/** A plan that is served. */
export interface Served {
  readonly planId: string;
  /** What an activation holds; everything else is refused. */
  readonly expected: readonly ExpectedTensor[];
  /** What an answer holds. */
  readonly answered: readonly ExpectedTensor[];
  readonly tail: Tail;
  /** How long an activation may wait for others that would run with it, while nothing else is to be done. */
  readonly waitMs: number;
}

export type Activation = Envelope & { readonly body: { readonly kind: 'activation' } };

/** An activation that was admitted. */
export interface Item {
  readonly envelope: Activation;
  readonly plan: Served;
  readonly key: string;
  /** As it came. */
  readonly bytes: number;
  /** By `performance.now()`. */
  readonly arrivedMs: number;
}

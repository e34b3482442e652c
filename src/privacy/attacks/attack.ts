/**
 * An attack tries to rebuild pictures from what the cloud sees. Its context holds what its threat model grants and nothing
 * more; the truth stays with the audit.
 */
import type { Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Graph, Tensor, Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Law, Place } from '../defenses/index.ts';

/** What the attacker has (He et al. 2019, §3): the head itself, queries to it, or neither. */
export const threats = ['white-box', 'black-box', 'query-free'] as const;
export type Threat = (typeof threats)[number];

/** What every attacker has. */
export interface AttackContext {
  readonly engine: Engine;
  readonly preprocessing: Preprocessing;
  /** What the cloud received: the tensors of the cut, by name, each [n, …]. */
  readonly observed: Tensors;
  /** Number of victims n. */
  readonly count: number;
  /** The defense is public, its randomness is not. */
  readonly defense: { readonly law: Law; readonly where: Place };
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Share done, 0 … 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The attacker holds the head's file, and other pictures of the kind the camera sees. */
export interface WhiteBoxContext extends AttackContext {
  /** The head for a batch of n pictures, shapes known. */
  head(n: number): Promise<Graph>;
  /** Network inputs [count, …] of pictures that are not victims. */
  otherPictures(count: number): Promise<Tensor>;
  /** What the cloud would see of these network inputs, through the defense with randomness of the attacker's own. */
  simulate(inputs: Tensor): Promise<Tensors>;
}

export interface Reconstruction {
  /** Network inputs [n, …], in the order of the victims. */
  readonly pictures: Tensor;
  /** Steps of the optimiser. */
  readonly iterations: number;
  /** What the attack chose or was told: λ, learning rate, solver. */
  readonly parameters: Readonly<Record<string, number | string>>;
}

export interface WhiteBoxAttack {
  readonly name: string;
  readonly threat: 'white-box';
  run(context: WhiteBoxContext): Promise<Reconstruction>;
}

/** Grows with the threats: each kind takes a context of its own. */
export type Attack = WhiteBoxAttack;

/**
 * An attack tries to rebuild pictures from what the cloud sees. Its context holds what its threat model grants and nothing
 * more; the truth stays with the audit.
 */
import type { Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Graph, Tensor, Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Law, Place } from '../defenses/index.ts';
import type { Pairs } from './decoder/pairs.ts';
import type { Missed } from './missed.ts';

/** What the attacker has (He et al. 2019, §3): the head itself, queries to it, or neither. From the strongest on. */
export const threats = ['white-box', 'black-box', 'query-free'] as const;
export type Threat = (typeof threats)[number];

/**
 * Pictures that the attacker owns: of the set the model was trained on, others of the same distribution, or none, when it
 * makes do with Gaussian noise or with shapes and textures that a program draws.
 */
export const attackerData = ['same-set', 'same-distribution', 'gaussian', 'synthetic'] as const;
export type AttackerData = (typeof attackerData)[number];

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
  /** Memory for activations and tables. */
  readonly memoryBytes: number;
  /** Of this cut and defense; an attack forks it by its name. */
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Share done, 0 … 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The attacker may ask the device. */
export interface BlackBoxContext extends AttackContext {
  /**
   * Pictures, and what the cloud sees of them: the device runs them through head and defense. Each picture read counts
   * as one query, however often it is read again.
   * @throws CutlineError DATA_TOO_FEW when there are not so many of the kind
   */
  pairs(count: number, data: AttackerData): Promise<Pairs>;
  /** How many pictures of the kind there are. */
  available(data: AttackerData): number;
}

/** The attacker holds the head's file as well, so that it may ask as often as it likes. */
export interface WhiteBoxContext extends BlackBoxContext {
  /** The head for a batch of n pictures, shapes known. */
  head(n: number): Promise<Graph>;
  /** Network inputs [count, …] of pictures that are not victims. */
  otherPictures(count: number): Promise<Tensor>;
  /** What the cloud would see of these network inputs, through the defense with randomness of the attacker's own. */
  simulate(inputs: Tensor): Promise<Tensors>;
}

/** What a descent needs of a head, be it the device's or one that stands in for it. */
export type DescentContext = AttackContext & Pick<WhiteBoxContext, 'head' | 'otherPictures' | 'simulate'>;

export interface LabelledPictures {
  /** Network inputs [k, …]. */
  readonly inputs: Tensor;
  readonly labels: Int32Array;
}

/** The attacker holds the tail, as every cloud does, and can neither read nor ask the head. */
export interface QueryFreeContext extends AttackContext {
  /** The tail for a batch of n, shapes known: from the tensors of the cut to the outputs of the network. */
  tail(n: number): Promise<Graph>;
  /**
   * The head as it is built, for a batch of n, shapes known: every weight drawn anew. For attackers who know the structure.
   * @throws CutlineError SHADOW_UNFIT when weights cannot be told from structure
   */
  structure(n: number): Promise<Graph>;
  /**
   * Labels of pictures are public, as the data is.
   * @throws CutlineError DATA_UNLABELLED
   */
  labelled(data: AttackerData): Promise<{
    readonly count: number;
    rows(indices: ArrayLike<number>): Promise<LabelledPictures>;
  }>;
}

export interface Reconstruction {
  /** Network inputs [n, …], in the order of the victims. */
  readonly pictures: Tensor;
  /** Steps of the optimiser, or epochs of a training. */
  readonly iterations: number;
  /** Pictures that the device was asked about; absent where the attack asks nothing. */
  readonly queries?: number;
  /** What the attack chose or was told: λ, learning rate, solver. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** From the tensors of the cut to pictures: what can be kept, and used again. */
  readonly decoder?: Graph;
  /** Victims of whom nothing was found out: their pictures are no reconstructions. Absent where there are none. */
  readonly missed?: readonly Missed[];
}

interface AttackOn<T extends Threat, Context> {
  readonly name: string;
  readonly threat: T;
  run(context: Context): Promise<Reconstruction>;
}

export type WhiteBoxAttack = AttackOn<'white-box', WhiteBoxContext>;
export type BlackBoxAttack = AttackOn<'black-box', BlackBoxContext>;
export type QueryFreeAttack = AttackOn<'query-free', QueryFreeContext>;
export type Attack = WhiteBoxAttack | BlackBoxAttack | QueryFreeAttack;

/**
 * An attack tries to rebuild pictures from what the cloud sees. Its context holds what its threat model grants and nothing
 * more; the truth stays with the audit.
 */
import type { Preprocessing } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Graph, Tensor, Tensors } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import type { Threat } from '../../threats.ts';
import type { Look, View } from '../mechanisms/index.ts';
import type { Missed } from './missed.ts';
import type { Pairs } from './pairs.ts';

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
  /** The mechanism is public, its randomness is not; several observations of a scene have been made into one. */
  readonly view: View;
  /** Memory for activations and tables. */
  readonly memoryBytes: number;
  /** Of this cut and defense; an attack forks it by its name. */
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Share done, 0 … 1. */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/** The attacker has read how the head is built: its layers and none of its weights. */
export interface KnownStructure {
  /**
   * The head as it is built, for a batch of n, shapes known: every weight drawn anew. An attacker who does not know the
   * structure does not look here.
   * @param random the same gives the same weights, whatever the batch
   * @throws CutlineError SHADOW_UNFIT when weights cannot be told from structure
   */
  structure(n: number, random: Random): Promise<Graph>;
}

/** The attacker may ask the device. */
export interface BlackBoxContext extends AttackContext, KnownStructure {
  /**
   * Pictures, and what the cloud sees of them: the device runs them through head and defense. Each picture read counts
   * as one query, however often it is read again; asked for another release, the device sees it again, and `releases` are told.
   * @throws CutlineError DATA_TOO_FEW when there are not so many of the kind
   */
  pairs(count: number, data: AttackerData): Promise<Pairs>;
  /** How many pictures of the kind there are. */
  available(data: AttackerData): number;
}

/** Pictures of the attacker's own by which a descent is tuned, in a fixed order, and what the cloud sees of them, through the defense. */
export interface Examples {
  readonly count: number;
  /** So many of them, from the first on, are for trials: nothing that the descent begins or goes by has learnt from them. */
  readonly unlearnt: number;
  /**
   * Network inputs [count, …] of the pictures first … first + count.
   * @throws CutlineError DATA_TOO_FEW
   */
  pictures(first: number, count: number): Promise<Tensor>;
  /** The tensors of the cut for the same, each [count, …]. */
  seen(first: number, count: number): Promise<Tensors>;
}

/** The attacker holds the head's file as well, so that it may ask as often as it likes. */
export interface WhiteBoxContext extends BlackBoxContext {
  /**
   * The head for a batch of n pictures and what its mechanism does without randomness, shapes known; rounding is left out.
   * @param look another way of looking at the mechanism: one of `looksOf`
   */
  head(n: number, look?: Look): Promise<Graph>;
  readonly examples: Examples;
}

/** What a descent needs of a head, be it the device's or one that stands in for it: then there is one way of looking at it. */
export type DescentContext = AttackContext &
  Pick<WhiteBoxContext, 'head' | 'examples'> & { readonly standIn?: boolean | undefined };

export interface LabelledPictures {
  /** Network inputs [k, …]. */
  readonly inputs: Tensor;
  readonly labels: Int32Array;
}

/** Activations that the cloud has received, whose pictures nobody has told it. */
export interface Traffic {
  readonly count: number;
  /** Rows first … first + count of each tensor of the cut. */
  rows(first: number, count: number): Promise<Tensors>;
}

/** The attacker holds the tail, as every cloud does, and can neither read nor ask the head. */
export interface QueryFreeContext extends AttackContext, KnownStructure {
  /** The tail for a batch of n, shapes known: from the tensors of the cut to the outputs of the network. */
  tail(n: number): Promise<Graph>;
  /** What the device sends besides, of people who are not attacked and of those who are: as much however many are. */
  readonly traffic: Traffic;
  /**
   * Labels of pictures are public, as the data is.
   * @throws CutlineError DATA_UNLABELLED
   */
  labelled(data: AttackerData): Promise<{
    readonly count: number;
    rows(indices: ArrayLike<number>): Promise<LabelledPictures>;
  }>;
}

/** The attacker sees what the network answers, and nothing of what was sent: `observed` and the features of pairs are outputs. */
export type AnswerContext = BlackBoxContext;

/** What an attack was allowed, whatever it took of it: by that a protocol holds it. */
export interface Budgets {
  /** Pictures that the device is asked about. */
  readonly queries?: number;
  /** Of a decoder's training, or of a head that stands in. */
  readonly epochs?: number;
  /** Steps of a descent. */
  readonly iterations?: number;
  readonly restarts?: number;
  readonly shadows?: number;
}

/** Of usual budgets, those that are more than what somebody gave: who gave none, or more, has nothing to tell. */
export function usualAbove(given: { readonly [K in keyof Budgets]: number | undefined }, usual: Budgets) {
  const keys = (Object.keys(usual) as (keyof Budgets)[]).filter(
    (k) => (given[k] ?? Number.POSITIVE_INFINITY) < usual[k]!,
  );
  return keys.length > 0 ? { usual: Object.fromEntries(keys.map((k) => [k, usual[k]!])) as Budgets } : {};
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
  readonly budgets: Budgets;
  /** What it would have been allowed where nobody says how much: where that is more. */
  readonly usual?: Budgets;
  /** It asked about every picture there is. */
  readonly exhausted?: true;
  /** From the tensors of the cut to pictures: what can be kept, and used again. */
  readonly decoder?: Graph;
  /** Victims of whom nothing was found out: their pictures are no reconstructions. Absent where there are none. */
  readonly missed?: readonly Missed[];
}

/** How an attack is set, but for its budgets. */
export type Settings = Readonly<Record<string, string | number>>;

interface AttackOn<T extends Threat, Context> {
  readonly name: string;
  readonly threat: T;
  /** Where it is set otherwise than by default. */
  readonly settings?: Settings;
  run(context: Context): Promise<Reconstruction>;
}

export type WhiteBoxAttack = AttackOn<'white-box', WhiteBoxContext>;
export type BlackBoxAttack = AttackOn<'black-box', BlackBoxContext>;
export type QueryFreeAttack = AttackOn<'query-free', QueryFreeContext>;
export type AnswerOnlyAttack = AttackOn<'answer-only', AnswerContext>;
export type Attack = WhiteBoxAttack | BlackBoxAttack | QueryFreeAttack | AnswerOnlyAttack;

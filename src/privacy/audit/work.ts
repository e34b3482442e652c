/**
 * How much computing an attack asks for, reckoned before it runs: what budgets are weighed by. The unit is a second of one core
 * of an ordinary machine, so that the reckoning is the same everywhere; what a second is here, a probe measures.
 */
import type { Preprocessing } from '../../data/index.ts';
import { type Cut, fixedShape } from '../../model/index.ts';
import { defaultQueries } from '../attacks/index.ts';
import type { AttackSettings } from './attack-settings.ts';

export interface WorkFacts {
  readonly cut: Pick<Cut, 'id' | 'tensors' | 'headMacs' | 'tailMacs'>;
  readonly preprocessing: Preprocessing;
  readonly victims: number;
  /** Pictures that the attacker can learn from. */
  readonly pictures: number;
  /** Ways of looking at the mechanism that a descent tries. Default 1. */
  readonly looks?: number;
}

export interface Work {
  /** For this cut, and for the first cut of an audit: other cuts share it. */
  readonly each: number;
  readonly once: number;
}

/** What the reckoning of every attack begins with. */
export interface Reckoned extends WorkFacts {
  readonly settings: AttackSettings;
  /** Seconds of one step of a descent through so many multiplications. */
  step(macs: number): number;
  readonly queries: readonly number[];
  readonly looks: number;
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/** Multiplications and additions a second: head and gradient, whose many small layers wait for memory; and trainings. */
export const [descentRate, trainingRate] = [6e9, 15e9];
/** Seconds that L-BFGS thinks about a number of a picture, each step. */
const thought = 1e-7;
/** Gradients cost twice as much again as what they are of. */
export const withGradient = 3;
/** The search for λ of the total variation, in victims. */
export const variationSearch = 18;
/** Solving for the straight path of a decoder. */
export const equations = 4;
/** Seconds to compare a picture's answer with another's. */
export const comparison = thought;

export function reckonedOf(facts: WorkFacts, settings: AttackSettings): Reckoned {
  const { cut, preprocessing, pictures } = facts;
  const { channels, height, width } = preprocessing;
  const asked = settings.inverseNetwork?.queries;
  return {
    looks: 1,
    ...facts,
    settings,
    step: (macs) => (withGradient * macs) / descentRate + thought * channels * height * width,
    queries: asked?.length ? asked : [Math.min(defaultQueries, pictures)],
    tensors: cut.tensors.map((t) => ({ name: t.name, shape: fixedShape(t)!.slice(1) })),
  };
}

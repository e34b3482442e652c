/**
 * Diagonal Fisher information leakage (Hannun et al. 2021; Maeng et al. 2023): for z = f(x) + noise and d pixels,
 * dFIL = tr(I(x)) / d with Fisher information I(x) = JᵀJ / scale²: of Gaussian noise of σ = scale, since the information of
 * its mean is 1/σ² an element, and of Laplace noise of b = scale, where it is 1/b².
 *
 * By Cramér and Rao no *unbiased* estimator of x has a mean squared error below 1/dFIL a pixel. A reconstruction that leans
 * on what pictures look like is biased and may do better; so this ranks and certifies, it predicts no attack. It is about
 * one observation: n averaged ones have n times the information. Without noise it is void.
 */
import type { Preprocessing } from '../../data/index.ts';
import type { Random } from '../../random.ts';
import type { Law } from '../mechanisms/index.ts';
import { bootstrap } from '../metrics/index.ts';
import type { Jacobian, JacobianMethod } from './jacobian.ts';

type Additive = Extract<Law, { kind: 'additive' }>;

export interface Dfil {
  /** Mean over pictures, with its 95 % interval; of pixels in [0, 1]. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** 1/value: no unbiased estimator's mean squared error over these pictures is below. A bound, not a prediction. */
  readonly mseBound: number;
  readonly holdsFor: 'unbiased estimators, one observation';
  readonly images: number;
  /** Random directions a picture; 0 where it was computed exactly. */
  readonly probes: number;
  /** `exact`: noise on the input, whose information does not depend on the picture. */
  readonly method: JacobianMethod | 'exact';
}

/**
 * Noise on the activation. The bound is 1 / mean(dFIL), by Jensen not above the mean of the pictures' own bounds.
 * @param pixels of a picture, all channels
 * @returns undefined where the output does not move with the input at all: nothing is bounded by 1/0
 */
export function dfil(jacobian: Jacobian, law: Additive, pixels: number, random: Random): Dfil | undefined {
  const values = jacobian.traces.map((trace) => trace / (pixels * law.scale * law.scale));
  const { mean, low, high } = bootstrap(values, random, { range: [0, Number.MAX_VALUE] });
  if (!(mean > 0)) return undefined;
  return described(mean, low, high, values.length, jacobian.probes, jacobian.method);
}

/**
 * Noise on the network's input, before the head: whatever follows, the head cannot add information (data processing), so
 * the bound is that of the input itself. In pixels the noise of a channel is scale × std.
 */
export function inputNoiseDfil(law: Additive, preprocessing: Preprocessing, images: number): Dfil {
  const { std } = preprocessing;
  const value = std.reduce((sum, s) => sum + 1 / (law.scale * s) ** 2, 0) / std.length;
  return described(value, value, value, images, 0, 'exact');
}

function described(
  value: number,
  low: number,
  high: number,
  images: number,
  probes: number,
  method: Dfil['method'],
): Dfil {
  const holdsFor = 'unbiased estimators, one observation';
  return { value, low, high, mseBound: 1 / value, holdsFor, images, probes, method };
}

/**
 * A defense changes what leaves the device, on the input before the head or on the activation after it. It offers its
 * law to the attacker: a defense that only holds against somebody who does not know it is none (REFERENCE.md §4.4).
 * It does not know where its randomness comes from: experiments seed it, devices do not.
 */
import type { Tensor } from '../../model/tensor.ts';
import type { NoiseSource } from './source.ts';

export type Place = 'input' | 'activation' | 'none';
export type Distribution = 'gaussian' | 'laplace';

/** What an attacker who knows the defense knows. */
export type Law =
  /** What is seen is what was there. */
  | { readonly kind: 'identity' }
  /** seen = there + noise, each element on its own, mean 0; so its derivative with respect to what was there is 1. */
  | {
      readonly kind: 'additive';
      readonly distribution: Distribution;
      /** σ of a Gaussian, b of a Laplace; in units of the tensor's values. */
      readonly scale: number;
      /** Of either distribution; n averaged observations divide it by √n. */
      readonly standardDeviation: number;
    };

export interface Defense {
  /** In its one canonical form: equal defenses have equal specs. */
  readonly spec: string;
  readonly name: 'none' | 'noise';
  readonly where: Place;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly law: Law;
  /**
   * One draw. The input is the network's input, after preprocessing. Returns a new tensor, or the same where there is
   * nothing to do.
   * @throws CutlineError DEFENSE_DTYPE for a tensor that is not float32
   */
  apply(tensor: Tensor, source: NoiseSource): Tensor;
}

/** A defense as the device runs it: fixed by the plan, fed by cryptographic noise. */
import type { Tensor, Tensors } from '../../model/tensor.ts';
import type { Defense } from './defense.ts';
import { parseDefense } from './parse.ts';
import { cryptographicNoise, type NoiseSource } from './source.ts';

export interface DeviceDefense {
  readonly spec: string;
  /** Before the head. The same tensor unless the defense is one of the input. */
  applyInput(input: Tensor): Tensor;
  /** After the head, before anything is encoded. The same tensors unless the defense is one of the activation. */
  applyActivation(activation: Tensors): Tensors;
}

/**
 * @param source cryptographic unless a test says otherwise
 * @throws CutlineError DEFENSE_SPEC
 */
export function createDeviceDefense(spec: string, source: NoiseSource = cryptographicNoise()): DeviceDefense {
  const defense: Defense = parseDefense(spec);
  return {
    spec: defense.spec,
    applyInput: (input) => (defense.where === 'input' ? defense.apply(input, source) : input),
    applyActivation: (activation) =>
      defense.where === 'activation'
        ? Object.fromEntries(Object.entries(activation).map(([name, t]) => [name, defense.apply(t, source)]))
        : activation,
  };
}

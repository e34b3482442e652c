/** Independent additive noise on every element of the input or of the activation. */
import { CutlineError } from '../../errors.ts';
import { float32 } from '../../model/tensor.ts';
import type { Defense, Distribution } from './defense.ts';

/**
 * @param scale σ (gaussian) or b (laplace), > 0, in units of the tensor's values. On the input these are the network's
 *   input values: with std .5 in the preprocessing, a scale of 1 is half the range of a pixel.
 */
export function noise(distribution: Distribution, where: 'input' | 'activation', scale: number): Defense {
  return {
    spec: `noise:${distribution}:${where}:${scale}`,
    name: 'noise',
    where,
    parameters: { distribution, scale },
    law: {
      kind: 'additive',
      distribution,
      scale,
      standardDeviation: distribution === 'gaussian' ? scale : scale * Math.SQRT2,
    },
    apply(tensor, source) {
      const { data } = tensor;
      if (!(data instanceof Float32Array)) throw new CutlineError('DEFENSE_DTYPE', { dtype: tensor.dtype });
      const out = new Float32Array(data.length);
      source[distribution](out, scale);
      for (let i = 0; i < out.length; i++) out[i]! += data[i]!;
      return float32(out, tensor.shape);
    },
  };
}

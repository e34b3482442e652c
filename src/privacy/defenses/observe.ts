/** What somebody sees who watches one still picture for a while. */
import { float32, type Tensor } from '../../model/tensor.ts';
import type { Defense } from './defense.ts';
import type { NoiseSource } from './source.ts';

/** The mean of n independent draws of the defense on one tensor: noise shrinks with √n. */
export function averagedObservations(defense: Defense, tensor: Tensor, n: number, source: NoiseSource): Tensor {
  if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`${n} observations`);
  if (n === 1 || defense.law.kind === 'identity') return defense.apply(tensor, source);
  const sum = new Float64Array((tensor.data as Float32Array).length);
  for (let k = 0; k < n; k++) {
    const draw = defense.apply(tensor, source).data as Float32Array;
    for (let i = 0; i < sum.length; i++) sum[i]! += draw[i]!;
  }
  return float32(
    Float32Array.from(sum, (v) => v / n),
    tensor.shape,
  );
}

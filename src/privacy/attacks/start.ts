/** Where a descent begins. */
import { inputShape } from '../../data/index.ts';
import { float32, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import type { WhiteBoxContext } from './attack.ts';

/**
 * Grey, without or with a little roughness, noise, pictures (network inputs [n, …], one a victim), or whoever makes pictures from what the cloud sees, such as
 * an inverse network: that one also gives the attacker's own pictures, on which λ is searched, their start.
 */
export type Start = 'plain grey' | 'grey' | 'noise' | Tensor | ((observed: Tensors) => Promise<Tensor>);

/** A start that is exactly grey makes every pooling window a tie, where the gradient points nowhere in particular. */
const roughness = 0.01;

/**
 * @param observed what the cloud saw of the n pictures sought
 * @param label keeps the randomness of different descents apart
 */
export async function startOf(
  start: Start,
  observed: Tensors,
  context: Pick<WhiteBoxContext, 'preprocessing' | 'random'>,
  label: string,
): Promise<Tensor> {
  if (typeof start === 'function') return start(observed);
  if (typeof start !== 'string') return start;
  const n = Object.values(observed)[0]!.shape[0]!;
  return rough(n, context, label, { 'plain grey': 0, grey: roughness, noise: 1 }[start]);
}

/** Mid-grey in the network's units is 0 as published; each picture is rough in its own way, whoever is beside it. */
export function rough(
  n: number,
  { preprocessing, random }: Pick<WhiteBoxContext, 'preprocessing' | 'random'>,
  label: string,
  deviation = roughness,
): Tensor {
  const shape = inputShape(n, preprocessing);
  const data = new Float32Array(sizeOf(shape));
  const size = data.length / n;
  for (let i = 0; i < n; i++)
    random.fork(`${label} ${i}`).fillNormal(data.subarray(i * size, (i + 1) * size), deviation);
  return float32(data, shape);
}

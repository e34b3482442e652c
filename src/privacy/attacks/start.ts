/** Where a descent begins. */
import { inputShape } from '../../data/index.ts';
import { asFloat32, float32, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import type { DescentContext } from './attack.ts';
import { type Basis, planesFirst } from './prior/index.ts';

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
  context: Pick<DescentContext, 'preprocessing' | 'random'>,
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
  { preprocessing, random }: Pick<DescentContext, 'preprocessing' | 'random'>,
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

/**
 * The start in coordinates of a basis: the basis' own centre and a little roughness, noise drawn from its prior, or pictures,
 * which become the centre themselves, so that what the prior holds against is how far one strays from them.
 */
export async function coordinates(
  start: Start,
  bases: readonly Basis[],
  observed: Tensors,
  context: Pick<DescentContext, 'preprocessing' | 'random'>,
  label: string,
): Promise<{ readonly bases: readonly Basis[]; readonly z: Tensor }> {
  const { channels, height, width, layout } = context.preprocessing;
  const n = bases.length;
  const shape = [n, channels, height, width];
  if (typeof start === 'string') {
    const z = rough(n, context, label, { 'plain grey': 0, grey: roughness, noise: 1 }[start]);
    return { bases, z: float32(asFloat32(z), shape) };
  }
  const pictures = await startOf(start, observed, context, label);
  const data = planesFirst(asFloat32(pictures), n, channels, height * width, layout);
  const size = data.length / n;
  const centred = bases.map((b, i) => ({
    ...b,
    centre: data.subarray(i * size, (i + 1) * size),
  }));
  return { bases: centred, z: float32(new Float32Array(data.length), shape) };
}

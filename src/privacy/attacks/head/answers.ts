/** A head of the attacker's own as if it were the device: pictures through it and through the defense, whose law is public. */
import { asFloat32, float32, type Tensor, type Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { noise, type Place, seededNoise } from '../../defenses/index.ts';
import type { AttackContext } from '../attack.ts';
import { runRows } from '../rows.ts';
import type { HeadOf } from './fresh.ts';

const chunk = 32;

/** What the defense adds at this place; the same tensor where it adds nothing there. */
export function defended(
  { law, where }: AttackContext['defense'],
  place: Place,
  tensor: Tensor,
  randomOf: (row: number) => Random,
): Tensor {
  if (law.kind === 'identity' || where !== place) return tensor;
  const { apply } = noise(law.distribution, where === 'input' ? 'input' : 'activation', law.scale);
  const count = tensor.shape[0]!;
  const size = tensor.data.length / count;
  const out = new Float32Array(tensor.data.length);
  for (let i = 0; i < count; i++) {
    const row = float32(asFloat32(tensor).subarray(i * size, (i + 1) * size), [1, size]);
    out.set(asFloat32(apply(row, seededNoise(randomOf(i)))), i * size);
  }
  return float32(out, tensor.shape);
}

/** @returns what the cloud would see of these pictures if this were the head */
export async function ownAnswers(
  { engine, defense, signal }: AttackContext,
  head: HeadOf,
  inputs: Tensor,
  randomOf: (row: number) => Random,
): Promise<Tensors> {
  const seen = defended(defense, 'input', inputs, randomOf);
  const graph = await head(chunk);
  const raw = await runRows(engine, graph, { [graph.inputs[0]!.name]: seen }, signal);
  return Object.fromEntries(
    Object.entries(raw).map(([name, t]) => [name, defended(defense, 'activation', t, (i) => randomOf(i).fork(name))]),
  );
}

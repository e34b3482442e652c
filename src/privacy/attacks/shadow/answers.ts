/** The shadow as if it were the device: pictures through it and through the defense, whose law is public. */
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { noise, type Place, seededNoise } from '../../defenses/index.ts';
import type { AttackContext } from '../attack.ts';
import type { HeadOf } from './head.ts';

const chunk = 32;

/**
 * Runs a graph over rows, a batch at a time; the last is filled up with zeros.
 * @param graph static batch, one input
 */
export async function runRows(
  engine: Engine,
  graph: Graph,
  inputs: Tensor,
  signal: AbortSignal | undefined,
): Promise<Tensors> {
  const batch = graph.inputs[0]!.shape[0] as number;
  const count = inputs.shape[0]!;
  const size = inputs.data.length / count;
  const out: Record<string, { data: Float32Array; row: readonly number[] }> = {};
  const session = await engine.load(graph, signal && { signal });
  try {
    for (let at = 0; at < count; at += batch) {
      const part = new Float32Array(batch * size);
      part.set(asFloat32(inputs).subarray(at * size, Math.min(count, at + batch) * size));
      const feed = { [graph.inputs[0]!.name]: float32(part, [batch, ...inputs.shape.slice(1)]) };
      for (const [name, t] of Object.entries(await session.run(feed, signal && { signal }))) {
        const length = t.data.length / batch;
        out[name] ??= { data: new Float32Array(count * length), row: t.shape.slice(1) };
        out[name].data.set(asFloat32(t).subarray(0, Math.min(batch, count - at) * length), at * length);
      }
    }
  } finally {
    await session.close();
  }
  return Object.fromEntries(Object.entries(out).map(([name, { data, row }]) => [name, float32(data, [count, ...row])]));
}

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

/** @returns what the cloud would see of these pictures if the shadow were the head */
export async function shadowAnswers(
  { engine, defense, signal }: AttackContext,
  head: HeadOf,
  inputs: Tensor,
  randomOf: (row: number) => Random,
): Promise<Tensors> {
  const seen = defended(defense, 'input', inputs, randomOf);
  const raw = await runRows(engine, await head(chunk), seen, signal);
  return Object.fromEntries(
    Object.entries(raw).map(([name, t]) => [name, defended(defense, 'activation', t, (i) => randomOf(i).fork(name))]),
  );
}

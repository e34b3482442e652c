/** A head of the attacker's own as if it were the device: pictures through it and through the mechanism, which is public. */
import type { Tensor, Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { observed, release, seededNoise, type View } from '../../mechanisms/index.ts';
import type { AttackContext } from '../attack.ts';
import { runGraph } from '../rows.ts';
import type { HeadOf } from './fresh.ts';

const chunk = 32;
const picture = 'picture';

/** What enters the head of a device with this mechanism. */
export function releasedInput({ mechanism }: View, inputs: Tensor, randomOf: (row: number) => Random): Tensor {
  return release(mechanism, 'input', { [picture]: inputs }, (i) => seededNoise(randomOf(i)))[picture]!;
}

/** @returns what the cloud would see of these pictures if this were the head */
export async function ownAnswers(
  { engine, view, signal }: AttackContext,
  head: HeadOf,
  inputs: Tensor,
  randomOf: (row: number) => Random,
): Promise<Tensors> {
  const graph = await head(chunk);
  const { name } = graph.inputs[0]!;
  return observed(
    view,
    { [name]: inputs },
    (entering) => runGraph(engine, graph, entering, signal),
    (row, k) => seededNoise(k === 0 ? randomOf(row) : randomOf(row).fork(k)),
  );
}

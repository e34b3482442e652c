/** What the network answers to what the cloud received: everybody who serves it sees that. */
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { type Cut, float32, type Tensor, type Tensors } from '../../model/index.ts';
import type { Subject } from './subject.ts';

const chunk = 100;

/**
 * The outputs of the tail as numbers, [n, …] in float32, whatever their type; what has no row a picture is left out.
 * @param received the tensors of the cut, each [n, …]
 * @throws CutlineError ANSWER_UNFIT when no output has a row a picture
 */
export async function answersTo(
  engine: Engine,
  subject: Subject,
  cut: Cut,
  received: Tensors,
  signal?: AbortSignal,
): Promise<Tensors> {
  const count = Object.values(received)[0]!.shape[0]!;
  const n = Math.min(chunk, count);
  const { tail } = await subject.parts(cut, n);
  const collected = new Map<string, { readonly data: Float32Array; readonly row: readonly number[] }>();
  const session = await engine.load(tail, signal && { signal });
  try {
    for (let first = 0; first < count; first += n) {
      // The last chunk goes back to be full, so that one session serves all.
      const at = Math.min(first, count - n);
      const feeds = Object.fromEntries(session.inputs.map(({ name }) => [name, rowsFrom(received[name]!, at, n)]));
      for (const [name, t] of Object.entries(await session.run(feeds, signal && { signal }))) {
        if (t.shape[0] !== n || t.dtype === 'string' || t.data.length === 0) continue;
        const size = t.data.length / n;
        if (!collected.has(name)) collected.set(name, { data: new Float32Array(count * size), row: t.shape.slice(1) });
        collected.get(name)!.data.set(Float32Array.from(t.data as ArrayLike<number | bigint>, Number), at * size);
      }
    }
  } finally {
    await session.close();
  }
  if (collected.size === 0) throw new CutlineError('ANSWER_UNFIT', { cut: cut.id });
  return Object.fromEntries([...collected].map(([name, { data, row }]) => [name, float32(data, [count, ...row])]));
}

function rowsFrom({ dtype, shape, data }: Tensor, first: number, count: number): Tensor {
  const size = data.length / shape[0]!;
  return { dtype, shape: [count, ...shape.slice(1)], data: data.slice(first * size, (first + count) * size) as never };
}

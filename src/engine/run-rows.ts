/** Runs a graph of a fixed batch over any number of rows. */
import { fullChunks } from '../full-chunks.ts';
import type { Session } from '../model/engine.ts';
import { arrayType, rowsOf, type Tensor, type Tensors } from '../model/index.ts';

interface Collected {
  readonly tensor: Tensor;
  set(rows: ArrayLike<number> & ArrayLike<bigint>, at: number): void;
}

/**
 * A batch at a time; the last goes back to be full. Where there are fewer rows than a batch, zeros stand for the missing.
 * @param batch rows that the session takes at once
 * @param rows each [n, …], by input; numbers
 * @returns each [n, …], by output; without strings, and without what has no row for each of the rows
 */
export async function runRows(session: Session, batch: number, rows: Tensors, signal?: AbortSignal): Promise<Tensors> {
  const count = Object.values(rows)[0]!.shape[0]!;
  const taken = Math.min(batch, count);
  const out = new Map<string, Collected>();
  for (const { first } of fullChunks(count, taken)) {
    const feeds = Object.entries(rows).map(([name, t]) => [name, filled(rowsOf(t, first, taken), batch)] as const);
    for (const [name, t] of Object.entries(await session.run(Object.fromEntries(feeds), signal && { signal }))) {
      if (t.shape[0] !== batch || t.dtype === 'string' || t.data.length === 0) continue;
      const collected = out.get(name) ?? collect(t, count);
      out.set(name, collected);
      collected.set(rowsOf(t, 0, taken).data as never, (first * t.data.length) / batch);
    }
  }
  return Object.fromEntries([...out].map(([name, { tensor }]) => [name, tensor]));
}

function filled(tensor: Tensor, batch: number): Tensor {
  const count = tensor.shape[0]!;
  if (count === batch) return tensor;
  const { tensor: whole, set } = collect(tensor, batch);
  set(tensor.data as never, 0);
  return whole;
}

/** Zeros for so many rows like those. */
function collect({ dtype, shape, data }: Tensor, count: number): Collected {
  if (dtype === 'string') throw new TypeError('expected rows of numbers, got strings');
  const whole = new (arrayType(dtype))((count * data.length) / shape[0]!);
  return {
    tensor: { dtype, shape: [count, ...shape.slice(1)], data: whole },
    set: (rows, at) => whole.set(rows, at),
  };
}

/** Runs a decoder, or any graph of row by row work, over many rows. */
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, bindBatch, float32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import { rowsOf } from './pairs.ts';

const chunk = 25;

/**
 * @param graph symbolic batch, inputs by the names of `rows`, one output
 * @param rows each [n, …]
 * @returns the output [n, …]
 */
export async function applyRows(engine: Engine, graph: Graph, rows: Tensors, signal?: AbortSignal): Promise<Tensor> {
  const count = Object.values(rows)[0]!.shape[0]!;
  const n = Math.min(chunk, count);
  const output = graph.outputs[0]!.name;
  const session = await engine.load(bindBatch(graph, n), signal && { signal });
  let out: Float32Array | undefined;
  let shape: readonly number[] = [];
  try {
    for (let first = 0; first < count; first += n) {
      // The last chunk goes back to be full.
      const at = Math.min(first, count - n);
      const part = Object.fromEntries(Object.entries(rows).map(([name, t]) => [name, rowsOf(t, at, n)]));
      const result = (await session.run(part, signal && { signal }))[output]!;
      const size = result.data.length / n;
      out ??= new Float32Array(count * size);
      out.set(asFloat32(result), at * size);
      shape = [count, ...result.shape.slice(1)];
    }
  } finally {
    await session.close();
  }
  return float32(out!, shape);
}

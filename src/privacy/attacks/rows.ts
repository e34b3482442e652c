/** Rows of tensors [n, …], and graphs that work row by row. */
import { type Engine, runRows } from '../../engine/index.ts';
import { asFloat32, bindBatch, float32, type Graph, rowsOf, type Tensor, type Tensors } from '../../model/index.ts';

export function rowsOfAll(tensors: Tensors, first: number, count: number): Tensors {
  return mapped(tensors, (t) => rowsOf(t, first, count));
}

export function pickRows(tensor: Tensor, indices: ArrayLike<number>): Tensor {
  const size = tensor.data.length / tensor.shape[0]!;
  const from = asFloat32(tensor);
  const out = new Float32Array(indices.length * size);
  for (let i = 0; i < indices.length; i++)
    out.set(from.subarray(indices[i]! * size, (indices[i]! + 1) * size), i * size);
  return float32(out, [indices.length, ...tensor.shape.slice(1)]);
}

export function pickRowsOfAll(tensors: Tensors, indices: ArrayLike<number>): Tensors {
  return mapped(tensors, (t) => pickRows(t, indices));
}

/** [a, …], [b, …] … to [a + b + …, …]. */
export function stacked(parts: readonly Tensor[]): Tensor {
  const rows = parts.reduce((sum, t) => sum + t.shape[0]!, 0);
  const data = new Float32Array(parts.reduce((sum, t) => sum + t.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(asFloat32(part), at);
    at += part.data.length;
  }
  return float32(data, [rows, ...parts[0]!.shape.slice(1)]);
}

/**
 * Runs a graph over rows, a batch at a time.
 * @param graph static batch
 * @param rows each [n, …], by input
 * @returns each [n, …], by output
 */
export async function runGraph(engine: Engine, graph: Graph, rows: Tensors, signal?: AbortSignal): Promise<Tensors> {
  const session = await engine.load(graph, signal && { signal });
  try {
    return await runRows(session, graph.inputs[0]!.shape[0] as number, rows, signal);
  } finally {
    await session.close();
  }
}

/** The same for one row as for many: the last digits of a row may hang on how many are computed at once. */
const chunk = 16;

/**
 * @param graph symbolic batch, one output
 * @returns the output [n, …]
 */
export async function applyRows(engine: Engine, graph: Graph, rows: Tensors, signal?: AbortSignal): Promise<Tensor> {
  return Object.values(await runGraph(engine, bindBatch(graph, chunk), rows, signal))[0]!;
}

function mapped(tensors: Tensors, map: (t: Tensor) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, map(t)]));
}

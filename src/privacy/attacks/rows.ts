/** Rows of tensors [n, …], and graphs that work row by row. */
import type { Engine } from '../../engine/index.ts';
import { asFloat32, bindBatch, float32, type Graph, type Tensor, type Tensors } from '../../model/index.ts';

/** Rows first … first + count. */
export function rowsOf(tensor: Tensor, first: number, count: number): Tensor {
  const size = tensor.data.length / tensor.shape[0]!;
  return float32(asFloat32(tensor).slice(first * size, (first + count) * size), [count, ...tensor.shape.slice(1)]);
}

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
 * Runs a graph over rows, a batch at a time; the last is filled up with zeros.
 * @param graph static batch
 * @param rows each [n, …], by input
 * @returns each [n, …], by output
 */
export async function runRows(engine: Engine, graph: Graph, rows: Tensors, signal?: AbortSignal): Promise<Tensors> {
  const batch = graph.inputs[0]!.shape[0] as number;
  const count = Object.values(rows)[0]!.shape[0]!;
  const out = new Map<string, { data: Float32Array; row: readonly number[] }>();
  const session = await engine.load(graph, signal && { signal });
  try {
    for (let at = 0; at < count; at += batch) {
      const feeds = mapped(rows, (t) => filledRows(t, at, batch));
      for (const [name, t] of Object.entries(await session.run(feeds, signal && { signal }))) {
        const size = t.data.length / batch;
        const rowsSoFar = out.get(name) ?? { data: new Float32Array(count * size), row: t.shape.slice(1) };
        out.set(name, rowsSoFar);
        rowsSoFar.data.set(asFloat32(t).subarray(0, Math.min(batch, count - at) * size), at * size);
      }
    }
  } finally {
    await session.close();
  }
  return Object.fromEntries([...out].map(([name, { data, row }]) => [name, float32(data, [count, ...row])]));
}

/** The same for one row as for many: the last digits of a row may hang on how many are computed at once. */
const chunk = 16;

/**
 * @param graph symbolic batch, one output
 * @returns the output [n, …]
 */
export async function applyRows(engine: Engine, graph: Graph, rows: Tensors, signal?: AbortSignal): Promise<Tensor> {
  return Object.values(await runRows(engine, bindBatch(graph, chunk), rows, signal))[0]!;
}

function filledRows(tensor: Tensor, first: number, count: number): Tensor {
  const size = tensor.data.length / tensor.shape[0]!;
  const data = new Float32Array(count * size);
  data.set(asFloat32(tensor).subarray(first * size, (first + count) * size));
  return float32(data, [count, ...tensor.shape.slice(1)]);
}

function mapped(tensors: Tensors, map: (t: Tensor) => Tensor): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, map(t)]));
}

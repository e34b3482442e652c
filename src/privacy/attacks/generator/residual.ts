/** How far from what was observed the features of codes are. */
import { loadGradient } from '../../../autodiff/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import { sessionBytes } from '../memory.ts';
import { evaluationGraph, names, type ObjectiveOptions } from '../objective.ts';
import { pickRows, pickRowsOfAll } from '../rows.ts';

/**
 * @param graph the head behind a generator for a batch of n
 * @param codes [rows, …], and what was observed of each
 * @returns the distance of each row, without any prior
 */
export async function residuals(
  engine: Engine,
  graph: Graph,
  objective: ObjectiveOptions,
  codes: Tensor,
  observed: Tensors,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const rows = codes.shape[0]!;
  const n = graph.inputs[0]!.shape[0] as number;
  const none = float32(new Float32Array(n), [n]);
  const out = new Float32Array(rows);
  const session = await loadGradient(engine, evaluationGraph(graph, objective), {
    keepBytes: sessionBytes(graph),
    ...(signal && { signal }),
  });
  try {
    for (let first = 0; first < rows; first += n) {
      // A part that is not full repeats its last row.
      const part = Int32Array.from({ length: n }, (_, i) => Math.min(first + i, rows - 1));
      const seen = Object.entries(pickRowsOfAll(observed, part)).map(([name, t]) => [names.observed(name), t]);
      const feeds = {
        ...Object.fromEntries(seen),
        [graph.inputs[0]!.name]: pickRows(codes, part),
        [names.lambdaTv]: none,
        [names.lambdaL2]: none,
      };
      const result = await session.run(feeds, { outputs: [names.value], ...(signal && { signal }) });
      out.set(asFloat32(result[names.value]).subarray(0, Math.min(n, rows - first)), first);
    }
  } finally {
    await session.close();
  }
  return out;
}

/** Of many codes, those whose features are nearest to what was observed: better beginnings than any code at random. */

import type { Engine } from '../../../engine/index.ts';
import { asFloat32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import { squaredDistance } from '../../../numeric/index.ts';
import { pickRows } from '../rows.ts';

/**
 * @param graph the head behind a generator for a batch of n
 * @param codes [m, …]
 * @returns for each victim the indices of the `wanted` nearest, nearest first; victim by victim
 */
export async function nearestCodes(
  engine: Engine,
  graph: Graph,
  codes: Tensor,
  observed: Tensors,
  wanted: number,
  signal?: AbortSignal,
): Promise<Int32Array> {
  const m = codes.shape[0]!;
  const n = graph.inputs[0]!.shape[0] as number;
  const victims = Object.values(observed)[0]!.shape[0]!;
  const distances = Array.from({ length: victims }, () => new Float64Array(m));
  const session = await engine.load(graph, signal && { signal });
  try {
    for (let first = 0; first < m; first += n) {
      const part = Int32Array.from({ length: n }, (_, i) => Math.min(first + i, m - 1));
      const features = await session.run({ [graph.inputs[0]!.name]: pickRows(codes, part) }, signal && { signal });
      for (const [name, seen] of Object.entries(observed)) {
        const [a, b] = [asFloat32(seen), asFloat32(features[name])];
        const size = a.length / victims;
        for (let v = 0; v < victims; v++) {
          for (let i = 0; i < n && first + i < m; i++) {
            const [own, other] = [a.subarray(v * size, (v + 1) * size), b.subarray(i * size, (i + 1) * size)];
            distances[v]![first + i]! += squaredDistance(own, other);
          }
        }
      }
    }
  } finally {
    await session.close();
  }
  const order = (own: Float64Array) => Array.from(own.keys()).sort((i, j) => own[i]! - own[j]! || i - j);
  return Int32Array.from(distances.flatMap((own) => order(own).slice(0, wanted)));
}

/** How often a classifier is right. */
import type { Preprocessing, Split } from '../data/index.ts';
import { preprocess } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { asFloat32, bindBatch, type Graph, type Tensor } from '../model/index.ts';

/** Index of the largest value of each row of [n, classes]. */
export function argmaxRows(tensor: Tensor): number[] {
  const data = asFloat32(tensor);
  const n = tensor.shape[0]!;
  const classes = data.length / n;
  return Array.from({ length: n }, (_, i) => {
    let best = i * classes;
    for (let j = best; j < (i + 1) * classes; j++) if (data[j]! > data[best]!) best = j;
    return best - i * classes;
  });
}

/**
 * Share of the first `limit` pictures of a split whose label is the network's first choice.
 * @param network symbolic batch
 */
export async function accuracy(
  engine: Engine,
  network: Graph,
  split: Split,
  preprocessing: Preprocessing,
  options: { readonly limit?: number; readonly signal?: AbortSignal } = {},
): Promise<number> {
  const { signal } = options;
  const labels = split.labels;
  if (!labels) throw new RangeError('accuracy needs labels');
  const count = Math.min(split.count, options.limit ?? split.count);
  const chunk = Math.min(count, 500);
  const session = await engine.load(bindBatch(network, chunk));
  try {
    let right = 0;
    for (let start = 0; start < count; start += chunk) {
      // The last chunk is filled up by going back, so that every run has the same shape.
      const first = Math.min(start, count - chunk);
      const indices = Array.from({ length: chunk }, (_, i) => first + i);
      const input = preprocess(await split.pixels(indices, signal), preprocessing);
      const results = await session.run({ [network.inputs[0]!.name]: input }, signal && { signal });
      const guesses = argmaxRows(results[network.outputs[0]!.name]!);
      for (let i = start - first; i < chunk; i++) if (guesses[i] === labels[first + i]) right++;
    }
    return right / count;
  } finally {
    await session.close();
  }
}

/** How often a classifier is right. */

import type { Preprocessing, Split } from '../data/index.ts';
import { preprocess } from '../data/index.ts';
import type { Engine } from '../engine/index.ts';
import { fullChunks } from '../full-chunks.ts';
import { asFloat32, bindBatch, type Graph } from '../model/index.ts';
import { agreements, argMaxRows } from '../numeric/index.ts';

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
    for (const { first, again } of fullChunks(count, chunk)) {
      const indices = Array.from({ length: chunk }, (_, i) => first + i);
      const input = preprocess(await split.pixels(indices, signal), preprocessing);
      const results = await session.run({ [network.inputs[0]!.name]: input }, signal && { signal });
      const guesses = argMaxRows(asFloat32(results[network.outputs[0]!.name]), chunk);
      right += agreements(guesses.slice(again), labels.slice(first + again));
    }
    return right / count;
  } finally {
    await session.close();
  }
}

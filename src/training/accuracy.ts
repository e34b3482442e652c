/** How often a classifier is right on a split. */
import { type Preprocessing, preprocess, type Split } from '../data/index.ts';
import { accuracy, type Engine } from '../engine/index.ts';
import { fullChunks } from '../full-chunks.ts';
import { bindBatch, type Graph } from '../model/index.ts';

/**
 * Share of the first `limit` pictures of a split whose label is the network's first choice.
 * @param network symbolic batch
 */
export async function accuracyOn(
  engine: Engine,
  network: Graph,
  split: Split,
  preprocessing: Preprocessing,
  { limit, signal }: { readonly limit?: number; readonly signal?: AbortSignal } = {},
): Promise<number> {
  const { labels } = split;
  if (!labels) throw new RangeError('accuracy needs labels');
  const count = Math.min(split.count, limit ?? split.count);
  const chunk = Math.min(count, 500);
  const pictures = async function* () {
    for (const { first, again } of fullChunks(count, chunk)) {
      const indices = Array.from({ length: chunk }, (_, i) => first + i);
      const input = preprocess(await split.pixels(indices, signal), preprocessing);
      yield { feeds: { [network.inputs[0]!.name]: input }, labels: labels.slice(first, first + chunk), again };
    }
  };
  return (await accuracy(engine, bindBatch(network, chunk), pictures(), signal)) ?? 0;
}

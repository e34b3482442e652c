/** How often a classifier is right. */
import type { Engine } from '../model/engine.ts';
import { asNumbers, type Graph, type Tensors } from '../model/index.ts';
import { agreements, argMax } from '../numeric/index.ts';

/** Pictures that are asked about together. */
export interface Asked {
  readonly feeds: Tensors;
  /** Of each of them. */
  readonly labels: ArrayLike<number>;
  /** So many, from the first on, were asked about before. */
  readonly again?: number;
}

/**
 * Share of pictures whose label is the largest value of the network's first output; undefined of none.
 * @param graph of the batch that is asked about
 */
export async function accuracy(
  engine: Engine,
  graph: Graph,
  pictures: AsyncIterable<Asked>,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const cancel = signal ? { signal } : {};
  const session = await engine.load(graph, cancel);
  try {
    let [right, all] = [0, 0];
    for await (const { feeds, labels, again = 0 } of pictures) {
      const scores = asNumbers((await session.run(feeds, cancel))[graph.outputs[0]!.name]!);
      const size = scores.length / labels.length;
      const choices = Array.from(labels, (_, i) => argMax(scores.slice(i * size, (i + 1) * size)));
      right += agreements(choices.slice(again), Array.from(labels).slice(again));
      all += labels.length - again;
    }
    return all > 0 ? right / all : undefined;
  } finally {
    await session.close();
  }
}

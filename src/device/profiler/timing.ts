/** How long a graph takes, within a budget. */
import type { Engine } from '../../engine/index.ts';
import type { Graph, Tensors } from '../../model/index.ts';
import { median, quantile } from '../../numeric/index.ts';

export interface Timing {
  readonly p50: number;
  readonly p10: number;
  readonly p90: number;
  readonly p95: number;
  readonly n: number;
}

export interface TimingOptions {
  /** Aim for this much time in runs. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal;
}

const MIN_REPEATS = 5;
const MAX_REPEATS = 200;

/** One warm-up decides how many runs the budget allows: at least five, at most two hundred. */
export async function timeGraph(
  engine: Engine,
  graph: Graph,
  feeds: Tensors,
  { budgetMs, signal }: TimingOptions,
): Promise<Timing> {
  const cancel = signal ? { signal } : {};
  const session = await engine.load(graph, cancel);
  try {
    const [, second] = await session.time(feeds, { warmups: 0, repeats: 2, ...cancel });
    const repeats = Math.min(MAX_REPEATS, Math.max(MIN_REPEATS, Math.floor(budgetMs / Math.max(second!, 1e-3))));
    const times = await session.time(feeds, { warmups: 1, repeats, ...cancel });
    const at = (p: number) => quantile(times, p);
    return { p50: median(times), p10: at(0.1), p90: at(0.9), p95: at(0.95), n: times.length };
  } finally {
    await session.close();
  }
}

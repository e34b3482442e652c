/** How long a graph takes, within a budget: in a loop, or as a service runs it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Session } from '../../engine/index.ts';
import type { Graph, Tensors } from '../../model/index.ts';
import { median, quantile } from '../../numeric/index.ts';

/** About what a picture takes elsewhere until the next one is there. */
export const REST_MS = 2;

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
  /**
   * Rest between runs. A service waits for its next picture, and finds caches and predictors as others left them: small
   * networks then take several times what they take in a loop.
   */
  readonly pauseMs?: number;
  readonly signal?: AbortSignal;
}

const MIN_REPEATS = 5;
const MAX_REPEATS = 200;
/** With a rest before each they take their time. */
const MAX_RESTED = 60;

/** One warm-up decides how many runs the budget allows: at least five, at most two hundred. */
export async function timeGraph(
  engine: Engine,
  graph: Graph,
  feeds: Tensors,
  { budgetMs, pauseMs, signal }: TimingOptions,
): Promise<Timing> {
  const cancel = signal ? { signal } : {};
  const session = await engine.load(graph, cancel);
  try {
    const [, second] = await session.time(feeds, { warmups: 0, repeats: 2, ...cancel });
    const repeats = Math.min(MAX_REPEATS, Math.max(MIN_REPEATS, Math.floor(budgetMs / Math.max(second!, 1e-3))));
    const times =
      pauseMs === undefined
        ? await session.time(feeds, { warmups: 1, repeats, ...cancel })
        : await rested(session, feeds, Math.min(repeats, MAX_RESTED), pauseMs, cancel);
    const at = (p: number) => quantile(times, p);
    return { p50: median(times), p10: at(0.1), p90: at(0.9), p95: at(0.95), n: times.length };
  } finally {
    await session.close();
  }
}

async function rested(
  session: Session,
  feeds: Tensors,
  repeats: number,
  pauseMs: number,
  cancel: { readonly signal?: AbortSignal },
): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    await sleep(pauseMs);
    times.push(...(await session.time(feeds, { warmups: 0, repeats: 1, ...cancel })));
  }
  return times;
}

/** How long a model's head and tail take at its cuts, on this machine. */
import { totalmem } from 'node:os';
import { createEngine, type Engine } from '../../engine/index.ts';
import {
  allValues,
  type Cut,
  emptyData,
  type FixedInput,
  type Graph,
  requireMemory,
  sizeOf,
  split,
  type Tensor,
  type Tensors,
} from '../../model/index.ts';
import type { Figure, MeasuredModel } from '../../profile/index.ts';
import { createRandom } from '../../random.ts';
import { spreadOrder } from './order.ts';
import { round } from './round.ts';
import { REST_MS, type Timing, timeGraph } from './timing.ts';

export interface ModelToMeasure {
  readonly name: string;
  readonly sha256: string;
  /** Inputs that are part of the graph, and were not in the file. */
  readonly fixed?: readonly FixedInput[];
  /** With every shape known. */
  readonly graph: Graph;
  /** In order of depth, `input` and `output` included. */
  readonly cuts: readonly Cut[];
}

export interface ModelOptions {
  readonly threads: number;
  /** When it is used up, the cuts that are left stay unmeasured; those measured are spread over the whole depth. */
  readonly budgetMs: number;
  readonly signal?: AbortSignal;
  readonly log: (line: string) => void;
}

/** Creating and releasing sessions leaks in onnxruntime: the worker is replaced after so many cuts. */
const CUTS_A_WORKER = 8;
/** No single graph takes more than this of the time, and none is timed for longer. */
const GRAPH_SHARE = 0.05;
const GRAPH_MAX_MS = 400;

/** @throws CutlineError MODEL_MEMORY for a model that this machine cannot hold */
export async function measureModel(model: ModelToMeasure, options: ModelOptions): Promise<MeasuredModel> {
  const { graph, cuts, name, sha256, fixed = [] } = model;
  const { threads, budgetMs, log, signal } = options;
  requireMemory(graph, allValues(graph), totalmem());
  const feeds = randomFeeds(graph);
  const untilMs = performance.now() + budgetMs;
  const graphMs = Math.min(GRAPH_MAX_MS, budgetMs * GRAPH_SHARE);
  const measured = new Map<number, MeasuredModel['cuts'][number]>();
  let engine: Engine | undefined;
  try {
    for (const [n, at] of spreadOrder(cuts.length).entries()) {
      // The ends are always measured: the whole model on either side.
      if (n >= 2 && performance.now() > untilMs) break;
      if (n % CUTS_A_WORKER === 0) {
        await engine?.close();
        engine = await createEngine({ threads });
      }
      log(`${name}: cut ${n + 1} of ${cuts.length}`);
      measured.set(at, await measureCut(engine!, graph, cuts[at]!, feeds, graphMs, signal));
    }
  } finally {
    await engine?.close();
  }
  if (measured.size < cuts.length)
    log(`${name}: time for ${measured.size} of ${cuts.length} cuts; raise --budget for more`);
  const inDepth = [...measured].sort(([a], [b]) => a - b).map(([, m]) => m);
  return { name, sha256, ...(fixed.length > 0 && { fixed }), cuts: inDepth };
}

/** The tail is timed on what the head makes of the input. */
async function measureCut(
  engine: Engine,
  graph: Graph,
  cut: Cut,
  feeds: Tensors,
  budgetMs: number,
  signal: AbortSignal | undefined,
): Promise<MeasuredModel['cuts'][number]> {
  // As agent and consumer run them: what a plan predicts is a service, not a loop.
  const timing = { budgetMs, pauseMs: REST_MS, ...(signal && { signal }) };
  if (cut.id === 'input') return { cut: cut.id, tailMs: figure(await timeGraph(engine, graph, feeds, timing)) };
  if (cut.id === 'output') return { cut: cut.id, headMs: figure(await timeGraph(engine, graph, feeds, timing)) };
  const { head, tail } = split(graph, cut);
  const headMs = figure(await timeGraph(engine, head, only(feeds, head), timing));
  const session = await engine.load(head, signal ? { signal } : {});
  const activation = await session.run(only(feeds, head)).finally(() => session.close());
  const tailMs = figure(await timeGraph(engine, tail, only({ ...feeds, ...activation }, tail), timing));
  return { cut: cut.id, headMs, tailMs };
}

function figure({ p50, p10, p90, p95, n }: Timing): Figure<'ms'> {
  return {
    value: round(p50),
    unit: 'ms',
    source: 'measured',
    spread: { p10: round(p10), p90: round(p90), p95: round(p95), n },
  };
}

function only(values: Tensors, graph: Graph): Tensors {
  // An optional input is left out.
  const given = graph.inputs.filter((v) => v.unknown !== 'opaque');
  return Object.fromEntries(given.map(({ name }) => [name, values[name]!]));
}

/** Values as preprocessing leaves them: about normal. Integer inputs are zero, which is a valid index everywhere. */
export function randomFeeds(graph: Graph): Tensors {
  const random = createRandom(1);
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      const dims = shape.map(Number);
      const data = emptyData(dtype, sizeOf(dims));
      if (data instanceof Float32Array) random.fillNormal(data);
      return [name, { dtype, shape: dims, data }];
    }),
  );
}

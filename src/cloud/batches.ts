/**
 * Several activations through the tail at once. A tail of one picture is given other batches; sizes that take no less time a
 * picture than smaller ones are left out, so that nobody waits for others in vain.
 */
import type { Engine, Session } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { type Graph, hasSymbolicBatch, inferShapes, parseModel, type Tensors, withBatch } from '../model/index.ts';
import type { Plan } from '../plan/index.ts';
import { createRandom } from '../random.ts';
import { stacked, unstacked } from './rows.ts';
import { areSame, madeUp } from './same-answers.ts';

export interface Batches {
  /** Ascending, above 1. */
  readonly sizes: readonly number[];
  /** As many activations as the largest size, or fewer. @throws CutlineError ENGINE_RUN, ENGINE_CRASHED */
  run(activations: readonly Tensors[]): Promise<Tensors[]>;
}

export interface BatchesOptions {
  readonly plan: Pick<Plan, 'cut' | 'answer'>;
  readonly bytes: Uint8Array;
  readonly engine: Engine;
  /** The tail as it is, for any batch where its batch is symbolic. */
  readonly alone: (feeds: Tensors) => Promise<Tensors>;
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
  readonly most: number;
  /** A size is used where a picture takes so many times less than in the next smaller one. Default 1.15. */
  readonly leastGain?: number | undefined;
  readonly mostStallMs: number;
}

/** Nobody waits longer for the others of a batch. */
const MOST_MS = 250;
/** Each size of a fixed batch is a copy of the weights. */
const MOST_BYTES = 512 * 2 ** 20;
const RUNS = 5;
/** Slower ones are timed less often. */
const SLOW_MS = 20;

/** @returns a text where the tail runs one at a time: why */
export async function openBatches(options: BatchesOptions): Promise<Batches | string> {
  const { plan, bytes, engine, most, leastGain = 1.15 } = options;
  const inputs = plan.cut.tensors.filter((t) => options.inputs.includes(t.name));
  const odd = [...inputs, ...(plan.answer ?? [])].find((t) => t.shape[0] !== 1);
  if (odd) return `the first dimension of ${odd.name} is no batch`;
  const kept = new Map<number, Loaded>();
  const open: Loaded[] = [];
  let isGood = false;
  try {
    const graph = parseModel(bytes);
    const isOpen = hasSymbolicBatch(graph);
    const base = isOpen ? graph : await inferShapes(graph, engine);
    const rows = madeUp(inputs, most, createRandom(1));
    const alone = await timed(() => options.alone(rows[0]!));
    const sizes = sizesUpTo(most, isOpen ? most : MOST_BYTES / bytes.length).filter((n) => n * alone.ms <= MOST_MS);
    if (sizes.length === 0) return `it is too large, or takes too long (${alone.ms.toFixed(1)} ms)`;
    const singles: Tensors[] = [];
    for (const row of rows.slice(0, sizes.at(-1))) singles.push(await options.alone(row));
    if (singles.slice(1).every((s) => areSame([s], singles)))
      return 'it answers the same to whatever was tried, so that mixed answers would not show';
    let bestMs = alone.ms;
    for (const n of sizes) {
      const loaded = isOpen ? { run: options.alone, close: async () => {} } : await load(options, base, n);
      open.push(loaded);
      const batch = stacked(rows.slice(0, n), n);
      const { ms, value } = await timed(() => loaded.run(batch));
      const turned = await loaded.run(stacked(rows.slice(0, n).reverse(), n));
      if (!areSame(singles.slice(0, n), split(value, n)) || !areSame(singles.slice(0, n), split(turned, n).reverse()))
        return `${n} at once are answered otherwise than alone`;
      if (ms / n > bestMs / leastGain) continue;
      bestMs = ms / n;
      kept.set(n, loaded);
    }
    isGood = true;
  } catch (error) {
    if (!(error instanceof CutlineError)) throw error;
    return error.message;
  } finally {
    const used = new Set(isGood ? kept.values() : []);
    await Promise.all(open.filter((l) => !used.has(l)).map((l) => l.close().catch(() => {})));
  }
  if (kept.size === 0) return 'several at once take as long as one after the other';
  const sizes = [...kept.keys()];
  return {
    sizes,
    async run(activations) {
      const size = sizes.find((n) => n >= activations.length)!;
      return split(await kept.get(size)!.run(stacked(activations, size)), activations.length);
    },
  };
}

interface Loaded {
  run(feeds: Tensors): Promise<Tensors>;
  close(): Promise<void>;
}

/** The tail for another batch; it is loaded again when its worker ended. */
async function load({ engine, outputs, mostStallMs }: BatchesOptions, base: Graph, n: number): Promise<Loaded> {
  const graph = withBatch(base, n);
  let session: Session | Promise<Session> = await engine.load(graph, { mostStallMs });
  return {
    async run(feeds) {
      try {
        return await (await session).run(feeds, { outputs });
      } catch (error) {
        if (error instanceof CutlineError && error.code === 'ENGINE_CRASHED') session = engine.load(graph);
        throw error;
      }
    },
    close: async () => (await session).close(),
  };
}

/** @throws CutlineError BATCH_IMPOSSIBLE where an output has no row for each of them */
function split(outputs: Tensors, count: number): Tensors[] {
  for (const [name, { shape, dtype }] of Object.entries(outputs)) {
    if (dtype !== 'string' && shape[0] !== undefined && shape[0] >= count) continue;
    throw new CutlineError('BATCH_IMPOSSIBLE', { batch: count, problem: `output ${name} has no row for each picture` });
  }
  return unstacked(outputs, count);
}

/** Powers of two and the largest; where there is no room for all, the larger ones. */
function sizesUpTo(most: number, copies: number): number[] {
  const sizes: number[] = [];
  for (let n = 2; n < most; n *= 2) sizes.push(n);
  sizes.push(most);
  return copies < 1 ? [] : sizes.slice(-Math.floor(copies));
}

/** The least of several runs, after one to warm up. */
async function timed<T>(run: () => Promise<T>): Promise<{ ms: number; value: T }> {
  let value = await run();
  let ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS && (i < 2 || ms < SLOW_MS); i++) {
    const startMs = performance.now();
    value = await run();
    ms = Math.min(ms, performance.now() - startMs);
  }
  return { ms, value };
}

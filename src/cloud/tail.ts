/** The half of the network that runs in the cloud. */
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/index.ts';
import type { Plan } from '../plan/index.ts';
import { openBatches } from './batches.ts';

export interface Tail {
  /** Activations that it runs at once, at most. */
  readonly most: number;
  /** How many it is best to take where so many wait, 1 or more. */
  takes(waiting: number): number;
  /** Up to `most`; what comes of each, in their order. What is wrong with one is no matter of the others. Never rejects. */
  run(activations: readonly Tensors[]): Promise<(Tensors | Error)[]>;
}

export interface TailOptions {
  /** Activations at once, at most; 1 runs them one after the other. */
  readonly mostAtOnce: number;
  readonly log: (line: string) => void;
  /** See `BatchesOptions`. */
  readonly leastGain?: number | undefined;
}

/** A tail that takes less runs on the thread that takes activations in. */
const mostStallMs = 1;
/** Rather a few empty places in a batch than another run. */
const FULL_ENOUGH = 0.75;

/** @throws CutlineError ENGINE_LOAD, TAIL_MISMATCH */
export async function loadTail(plan: Plan, bytes: Uint8Array, engine: Engine, options: TailOptions): Promise<Tail> {
  const { mostAtOnce, leastGain, log } = options;
  const { run: alone, inputs, outputs } = await loadAlone(plan, bytes, engine);
  const settings = { plan, bytes, engine, alone, inputs, outputs, most: mostAtOnce, leastGain, mostStallMs };
  const opened = mostAtOnce > 1 ? await openBatches(settings) : undefined;
  if (typeof opened === 'string') log(`the tail of plan ${plan.planId} runs one activation at a time: ${opened}`);
  const batches = typeof opened === 'string' ? undefined : opened;
  const sizes = batches?.sizes ?? [];
  const onlyUsed = (activation: Tensors) =>
    Object.fromEntries(Object.entries(activation).filter(([name]) => inputs.includes(name)));
  let failed = 0;
  return {
    most: sizes.at(-1) ?? 1,
    takes(waiting) {
      const size = sizes.find((n) => n * FULL_ENOUGH <= waiting && waiting <= n);
      return size === undefined ? (sizes.findLast((n) => n <= waiting) ?? 1) : waiting;
    },
    async run(activations) {
      const feeds = activations.map(onlyUsed);
      if (batches && feeds.length > 1) {
        try {
          return await batches.run(feeds);
        } catch (error) {
          // Which one is to blame shows when each runs alone. Said ever more rarely: it may be somebody's intent.
          failed++;
          const isSaid = Number.isInteger(Math.log2(failed));
          if (isSaid) log(`${failed} batches failed and ran one by one; the last: ${(error as Error).message}`);
        }
      }
      const answers: (Tensors | Error)[] = [];
      for (const feed of feeds) answers.push(await alone(feed).catch((error: unknown) => error as Error));
      return answers;
    },
  };
}

/** The tail as it lies there. */
async function loadAlone(plan: Plan, bytes: Uint8Array, engine: Engine) {
  const wanted = plan.cut.tensors;
  // All that an answer holds, and no more: the device refuses everything else.
  const outputs = (plan.answer ?? []).map((t) => t.name);
  const mismatch = (problem: string) => new CutlineError('TAIL_MISMATCH', { path: 'The tail', problem });
  const load = async (near = true) => {
    const session = await engine.load(bytes, near ? { mostStallMs } : {});
    const absent = session.inputs.find((v) => !wanted.some((t) => t.name === v.name));
    if (absent) throw mismatch(`the plan does not send its input ${absent.name}`);
    const missing = outputs.find((name) => !session.outputs.some((v) => v.name === name));
    if (missing !== undefined) throw mismatch(`it has no output ${missing}`);
    return session;
  };
  let session = await load();
  const inputs = session.inputs.map((v) => v.name);
  /** @throws CutlineError ENGINE_RUN, ENGINE_CRASHED */
  const run = async (feeds: Tensors): Promise<Tensors> => {
    const used = session;
    try {
      return await used.run(feeds, { outputs });
    } catch (error) {
      if (!(error instanceof CutlineError) || error.code !== 'ENGINE_CRASHED') throw error;
      // The engine starts a new worker at the next load. Another activation may have ended the last one: this has a second try.
      if (session === used) session = await load(false);
      return session.run(feeds, { outputs });
    }
  };
  return { run, inputs, outputs };
}

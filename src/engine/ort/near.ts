/**
 * A session that runs where it is called. The hop to a worker and back costs 0.2 to 0.4 ms, small heads and tails a tenth of that.
 * One that becomes slow moves to the worker for good.
 */
import { env } from 'onnxruntime-node';
import { CutlineError } from '../../errors.ts';
import type { LoopOptions, RunOptions, Session } from '../../model/engine.ts';
import type { ValueInfo } from '../../model/graph.ts';
import { emptyData } from '../../model/index.ts';
import type { Tensors } from '../../model/tensor.ts';
import { fixedShape, isHeld } from '../../model/values.ts';
import { quantile } from '../../numeric/index.ts';
import { failureOf } from '../remote/failure.ts';
import { checkFeeds, checkOutputs } from '../remote/feeds.ts';
import type { Request, SessionOptions } from '../remote/protocol.ts';
import { complaint } from './complaint.ts';
import { NativeSession } from './native.ts';
import { nativeOptions, type OrtSettings } from './options.ts';
import { Pace } from './pace.ts';
import { fromOrt, toOrt } from './tensors.ts';

/** Runs before the graph is warm, and those that are measured. */
const [warmups, repeats] = [3, 15];
/** A first run that takes so many times what is allowed is no matter of warming up. */
const hopeless = 30;

interface Around {
  /** The same graph in the worker. */
  readonly loadFar: () => Promise<Session>;
  readonly onClose: (session: NearSession) => void;
}

/**
 * The session, when the graph runs in less than `mostStallMs` on zeros; undefined when it does not, or its shapes are not all known.
 * @throws CutlineError ENGINE_LOAD, ENGINE_MEMORY
 */
export function openNear(
  model: Uint8Array,
  settings: OrtSettings,
  options: SessionOptions,
  mostStallMs: number,
  around: Around,
): NearSession | undefined {
  env.logLevel = 'fatal';
  const native = inOurWords('load', () => new NativeSession(model, nativeOptions(settings, options)));
  const feeds = zeros(native.inputs);
  if (feeds && isQuick(native, feeds, mostStallMs)) return new NearSession(native, new Pace(mostStallMs), around);
  native.release();
  return undefined;
}

export class NearSession implements Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #pace: Pace;
  readonly #around: Around;
  readonly #held: readonly string[];
  #native: NativeSession | undefined;
  #far: Promise<Session> | undefined;
  #isClosed = false;

  constructor(native: NativeSession, pace: Pace, around: Around) {
    this.#native = native;
    this.#pace = pace;
    this.#around = around;
    this.inputs = native.inputs;
    this.outputs = native.outputs;
    this.#held = native.outputs.filter(isHeld).map((v) => v.name);
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Tensors> {
    this.#checkOpen();
    const native = this.#native;
    if (!native) return (await this.#elsewhere()).run(feeds, options);
    if (options.signal?.aborted) throw new CutlineError('CANCELLED');
    checkFeeds(feeds, this.inputs);
    if (options.outputs) checkOutputs(options.outputs, this.outputs);
    const startMs = performance.now();
    const results = inOurWords('run', () => native.run(toOrt(feeds), options.outputs ?? this.#held));
    if (this.#pace.isSlowAfter(performance.now() - startMs)) this.#move();
    return fromOrt(results);
  }

  async loop(feeds: Tensors, options: LoopOptions): Promise<Tensors> {
    return (await this.#elsewhere()).loop(feeds, options);
  }

  async time(feeds: Tensors, options: Parameters<Session['time']>[1]): Promise<number[]> {
    return (await this.#elsewhere()).time(feeds, options);
  }

  async hold(feeds: Tensors, options?: Parameters<Session['hold']>[1]): Promise<Session> {
    return (await this.#elsewhere()).hold(feeds, options);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#around.onClose(this);
    this.#native?.release();
    this.#native = undefined;
    // What did not load has told whoever asked for it.
    await this.#far?.then(
      (far) => far.close(),
      () => {},
    );
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new CutlineError('ENGINE_CLOSED');
  }

  /** What takes its time has no place here. */
  #elsewhere(): Promise<Session> {
    this.#checkOpen();
    this.#far ??= this.#around.loadFar();
    return this.#far;
  }

  /** Runs go on here until the worker is ready; where it cannot be had, for good. */
  #move(): void {
    this.#elsewhere().then(
      () => {
        this.#native?.release();
        this.#native = undefined;
      },
      () => {
        this.#far = undefined;
      },
    );
  }
}

function isQuick(native: NativeSession, feeds: Tensors, mostMs: number): boolean {
  const entered = toOrt(feeds);
  const names = native.outputs.filter(isHeld).map((v) => v.name);
  const run = () => {
    const startMs = performance.now();
    native.run(entered, names);
    return performance.now() - startMs;
  };
  try {
    if (run() > hopeless * mostMs) return false;
    for (let i = 0; i < warmups; i++) run();
    return quantile(Array.from({ length: repeats }, run), 0.5) < mostMs;
  } catch {
    // Zeros may be out of the question for this graph, and nothing else is known of it.
    return false;
  }
}

/** Undefined where an input has no fixed shape. */
function zeros(inputs: readonly ValueInfo[]): Tensors | undefined {
  const feeds: Record<string, Tensors[string]> = {};
  for (const v of inputs) {
    const shape = fixedShape(v);
    if (!shape || !isHeld(v)) return undefined;
    const size = shape.reduce((n, d) => n * d, 1);
    feeds[v.name] = { dtype: v.dtype, shape, data: emptyData(v.dtype, size) };
  }
  return feeds;
}

function inOurWords<T>(kind: Request['kind'], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, details } = failureOf(error, kind, complaint);
    throw new CutlineError(code, details);
  }
}

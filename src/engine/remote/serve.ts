/** The worker's half: answers requests with sessions of whatever runtime the worker was started for. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ValueInfo } from '../../model/graph.ts';
import type { Tensors } from '../../model/tensor.ts';
import { isHeld } from '../../model/values.ts';
import { failureOf, Stopped, type Words } from './failure.ts';
import { HeldFeeds } from './held.ts';
import type { Answer, Loaded, Reply, Request, SessionOptions, WorkerData } from './protocol.ts';

/** A loaded graph. `T` is a tensor as the runtime holds it. */
export interface RuntimeSession<T> {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  enter(feeds: Tensors): Record<string, T>;
  /** What it returns is the caller's, and stays valid when the feeds are freed. `stopped` may be asked at any moment. */
  step(
    feeds: Readonly<Record<string, T>>,
    outputs: readonly string[],
    stopped: () => boolean,
  ): Promise<Record<string, T>>;
  /** Copies results out. */
  leave(results: Readonly<Record<string, T>>): Tensors;
  free(values: readonly T[]): void;
  release(): Promise<void>;
}

type Load<T> = (model: Uint8Array, options: SessionOptions) => Promise<RuntimeSession<T>>;

const progressIntervalMs = 100;

/** The engine's settings, as it gave them to the worker. */
export const settings = <S>(): S => (workerData as WorkerData).settings as S;

/** @param words for what the runtime says */
export function serve<T>(load: Load<T>, words: Words = (problem) => ({ problem, lacksMemory: false })): void {
  const { cancelFlags } = workerData as WorkerData;
  const port = parentPort!;
  const sessions = new Map<number, RuntimeSession<T>>();
  /** Answers being computed, by session. */
  const underWay = new Map<number, Set<Promise<unknown>>>();
  const held = new HeldFeeds<T>();
  let count = 0;

  const cancelled = (id: number): boolean => Atomics.load(cancelFlags, id % cancelFlags.length) === id;

  const find = (id: number): RuntimeSession<T> => {
    const session = sessions.get(id);
    if (!session) throw new Error('the session is closed');
    return session;
  };
  const outputsOf = (session: RuntimeSession<T>, wanted: readonly string[] | undefined): readonly string[] =>
    wanted ?? session.outputs.filter(isHeld).map((v) => v.name);

  async function open(model: Uint8Array, options: SessionOptions): Promise<Loaded> {
    const session = await load(model, options);
    sessions.set(++count, session);
    return { session: count, inputs: session.inputs, outputs: session.outputs };
  }

  async function run(id: number, request: Request & { kind: 'run' }): Promise<Tensors> {
    const session = find(request.session);
    const { own, all } = held.enter(session, request.feeds, request.held);
    try {
      const results = await session.step(all, outputsOf(session, request.outputs), () => cancelled(id));
      const answer = session.leave(results);
      session.free(Object.values(results));
      return answer;
    } finally {
      session.free(Object.values(own));
    }
  }

  async function loop(id: number, request: Request & { kind: 'loop' }): Promise<Tensors> {
    const session = find(request.session);
    const carry = Object.entries(request.carry);
    const wanted = outputsOf(session, request.outputs);
    // Only what is carried is fetched until the last step.
    const inner = carry.map(([output]) => output);
    // What is carried is fed, not held: the session's owner sees to that.
    const { own, all } = held.enter(session, request.feeds, request.held);
    let reported = performance.now();
    try {
      for (let step = 1; step < request.steps; step++) {
        if (cancelled(id)) throw new Stopped();
        const results = await session.step(all, inner, () => cancelled(id));
        for (const [output, input] of carry) {
          session.free([own[input]!]);
          own[input] = results[output]!;
        }
        Object.assign(all, own);
        if (performance.now() - reported > progressIntervalMs) {
          reported = performance.now();
          port.postMessage({ id, progress: step } satisfies Reply);
        }
      }
      if (cancelled(id)) throw new Stopped();
      const results = await session.step(all, wanted, () => cancelled(id));
      const answer = session.leave(results);
      session.free(Object.values(results));
      return answer;
    } finally {
      session.free(Object.values(own));
    }
  }

  async function time(id: number, request: Request & { kind: 'time' }): Promise<number[]> {
    const session = find(request.session);
    const { own, all } = held.enter(session, request.feeds, request.held);
    const milliseconds: number[] = [];
    try {
      for (let i = 0; i < request.warmups + request.repeats; i++) {
        if (cancelled(id)) throw new Stopped();
        const start = performance.now();
        const results = await session.step(all, outputsOf(session, undefined), () => cancelled(id));
        if (i >= request.warmups) milliseconds.push(performance.now() - start);
        session.free(Object.values(results));
      }
      return milliseconds;
    } finally {
      session.free(Object.values(own));
    }
  }

  /** A run may start on a later turn: what ends under it would pull the memory from below its feet. */
  async function runsOn(session: number): Promise<void> {
    await Promise.allSettled(underWay.get(session) ?? []);
  }

  async function answer(id: number, request: Request): Promise<Answer> {
    if (cancelled(id)) throw new Stopped();
    switch (request.kind) {
      case 'load':
        return open(request.model, request.options);
      case 'run':
        return run(id, request);
      case 'loop':
        return loop(id, request);
      case 'time':
        return time(id, request);
      case 'hold':
        return held.hold(find(request.session), request.session, request.feeds, request.held);
      case 'let-go': {
        await runsOn(request.session);
        const session = sessions.get(request.session);
        if (session) held.letGo(session, request.held);
        return undefined;
      }
      case 'release': {
        const session = sessions.get(request.session);
        sessions.delete(request.session);
        await runsOn(request.session);
        underWay.delete(request.session);
        if (session) held.letGoAll(session, request.session);
        await session?.release();
        return undefined;
      }
      // Messages are read between runs, so no native call is under way here.
      case 'stop':
        process.exit(0);
        break;
      case 'crash':
        process.exit(134);
        break;
      default:
        return request satisfies never;
    }
    return undefined;
  }

  async function tracked<R>(request: Request, work: Promise<R>): Promise<R> {
    if (!('session' in request) || request.kind === 'release' || request.kind === 'let-go') return work;
    const works = underWay.get(request.session) ?? new Set();
    underWay.set(request.session, works.add(work));
    try {
      return await work;
    } finally {
      works.delete(work);
    }
  }

  port.on('message', async ({ id, request }: { id: number; request: Request }) => {
    try {
      const value = await tracked(request, answer(id, request));
      port.postMessage({ id, ok: true, value } satisfies Reply, buffersOf(value, request.kind));
    } catch (error) {
      port.postMessage({ id, ok: false, ...failureOf(error, request.kind, words) } satisfies Reply);
    }
  });
}

/** Buffers of numeric results move to the caller instead of being copied. */
function buffersOf(value: Answer, kind: Request['kind']): ArrayBuffer[] {
  if (kind !== 'run' && kind !== 'loop') return [];
  const buffers = new Set<ArrayBuffer>();
  for (const t of Object.values(value as Tensors)) {
    if ('buffer' in t.data && t.data.buffer instanceof ArrayBuffer) buffers.add(t.data.buffer);
  }
  return [...buffers];
}

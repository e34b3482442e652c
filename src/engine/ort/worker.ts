/** Runs onnxruntime sessions in a worker thread, since `session.run()` blocks the thread it is called on. */
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ValueInfo } from '../../model/graph.ts';
import type { DType, Tensor, Tensors } from '../../model/tensor.ts';
import type { Loaded, OrtSettings, Reply, Request } from './protocol.ts';

const settings = workerData as OrtSettings;
const port = parentPort!;
const sessions = new Map<number, InferenceSession>();
const progressIntervalMs = 100;
let count = 0;

/** Answers being computed, by session. */
const underWay = new Map<number, Set<Promise<unknown>>>();

class Stopped extends Error {}

const cancelled = (id: number): boolean => Atomics.load(settings.cancelFlags, id % settings.cancelFlags.length) === id;

async function load(model: Uint8Array, optimization: string): Promise<Loaded> {
  const session = await InferenceSession.create(model, {
    executionProviders: [settings.executionProvider],
    graphOptimizationLevel: optimization as 'all',
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: {
      session: {
        intra_op: { allow_spinning: settings.spinning ? '1' : '0' },
        set_denormal_as_zero: settings.flushDenormals ? '1' : '0',
      },
    },
  });
  sessions.set(++count, session);
  return {
    session: count,
    inputs: session.inputMetadata.map(valueInfo),
    outputs: session.outputMetadata.map(valueInfo),
  };
}

function valueInfo(meta: InferenceSession.ValueMetadata): ValueInfo {
  if (!meta.isTensor) return { name: meta.name, dtype: 'float32', shape: [''] };
  return { name: meta.name, dtype: meta.type as DType, shape: meta.shape };
}

function find(id: number): InferenceSession {
  const session = sessions.get(id);
  if (!session) throw new Error('the session is closed');
  return session;
}

function toOrt(feeds: Tensors): Record<string, OrtTensor> {
  const out: Record<string, OrtTensor> = {};
  for (const [name, t] of Object.entries(feeds)) {
    out[name] = new OrtTensor(t.dtype as 'float32', t.data as Float32Array, t.shape);
  }
  return out;
}

function fromOrt(results: InferenceSession.ReturnType): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  for (const [name, t] of Object.entries(results)) {
    if (t) out[name] = { dtype: t.type as DType, shape: t.dims, data: t.data as Float32Array };
  }
  return out;
}

async function run(request: Request & { kind: 'run' }): Promise<Tensors> {
  const session = find(request.session);
  return fromOrt(await session.run(toOrt(request.feeds), request.outputs ?? session.outputNames));
}

async function loop(id: number, request: Request & { kind: 'loop' }): Promise<Tensors> {
  const session = find(request.session);
  const carry = Object.entries(request.carry);
  const wanted = request.outputs ?? session.outputNames;
  const feeds = toOrt(request.feeds);
  // Only what is carried is fetched until the last step.
  const inner = carry.map(([output]) => output);
  let reported = performance.now();
  for (let step = 1; step <= request.steps; step++) {
    if (cancelled(id)) throw new Stopped();
    const results = await session.run(feeds, step === request.steps ? wanted : inner);
    if (step === request.steps) return fromOrt(results);
    for (const [output, input] of carry) feeds[input] = results[output]!;
    if (performance.now() - reported > progressIntervalMs) {
      reported = performance.now();
      port.postMessage({ id, progress: step } satisfies Reply);
    }
  }
  return {};
}

async function time(id: number, request: Request & { kind: 'time' }): Promise<number[]> {
  const session = find(request.session);
  const feeds = toOrt(request.feeds);
  const milliseconds: number[] = [];
  for (let i = 0; i < request.warmups + request.repeats; i++) {
    if (cancelled(id)) throw new Stopped();
    const start = performance.now();
    await session.run(feeds);
    if (i >= request.warmups) milliseconds.push(performance.now() - start);
  }
  return milliseconds;
}

async function answer(id: number, request: Request): Promise<Loaded | Tensors | number[] | undefined> {
  if (cancelled(id)) throw new Stopped();
  switch (request.kind) {
    case 'load':
      return load(request.model, request.optimization);
    case 'run':
      return run(request);
    case 'loop':
      return loop(id, request);
    case 'time':
      return time(id, request);
    case 'release': {
      const session = sessions.get(request.session);
      sessions.delete(request.session);
      // `session.run()` starts on a later turn: releasing under it would pull the memory from below its feet.
      await Promise.allSettled(underWay.get(request.session) ?? []);
      underWay.delete(request.session);
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

async function tracked<T>(request: Request, work: Promise<T>): Promise<T> {
  if (!('session' in request) || request.kind === 'release') return work;
  const works = underWay.get(request.session) ?? new Set();
  underWay.set(request.session, works.add(work));
  try {
    return await work;
  } finally {
    works.delete(work);
  }
}

/** Buffers of numeric results move to the caller instead of being copied. */
function buffersOf(value: Loaded | Tensors | number[] | undefined, kind: Request['kind']): ArrayBuffer[] {
  if (kind !== 'run' && kind !== 'loop') return [];
  const buffers = new Set<ArrayBuffer>();
  for (const t of Object.values(value as Tensors)) {
    if ('buffer' in t.data && t.data.buffer instanceof ArrayBuffer) buffers.add(t.data.buffer);
  }
  return [...buffers];
}

port.on('message', async ({ id, request }: { id: number; request: Request }) => {
  try {
    const value = await tracked(request, answer(id, request));
    port.postMessage({ id, ok: true, value } satisfies Reply, buffersOf(value, request.kind));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    const code = error instanceof Stopped ? 'CANCELLED' : request.kind === 'load' ? 'ENGINE_LOAD' : 'ENGINE_RUN';
    port.postMessage({ id, ok: false, code, problem } satisfies Reply);
  }
});

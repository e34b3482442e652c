/** An engine whose sessions live in one worker thread. A worker that crashed is replaced at the next load. */
import { CutlineError } from '../../errors.ts';
import type { Graph, ValueInfo } from '../../model/graph.ts';
import { encodeModel } from '../../model/index.ts';
import { sizeOf, type Tensors } from '../../model/tensor.ts';
import { own } from '../../own.ts';
import type { Engine, LoadOptions, LoopOptions, RunOptions, Session } from '../engine.ts';
import { Channel } from './channel.ts';
import type { Loaded } from './protocol.ts';

export class RemoteEngine implements Engine {
  readonly name: string;
  readonly hasFloat64: boolean;
  readonly #worker: URL;
  readonly #settings: object;
  #channel: Channel | undefined;
  #closed = false;

  /** @param settings for the worker, plain values */
  constructor(name: string, worker: URL, settings: object, { hasFloat64 }: { readonly hasFloat64: boolean }) {
    this.name = name;
    this.hasFloat64 = hasFloat64;
    this.#worker = worker;
    this.#settings = settings;
  }

  async load(model: Graph | Uint8Array, options: LoadOptions = {}): Promise<Session> {
    if (this.#closed) throw new CutlineError('ENGINE_CLOSED');
    if (!this.#channel?.alive) this.#channel = new Channel(this.#worker, this.#settings);
    const bytes = model instanceof Uint8Array ? model : encodeModel(model);
    const channel = this.#channel;
    const { signal, ...sessionOptions } = options;
    const loaded = await channel.send<Loaded>({ kind: 'load', model: bytes, options: sessionOptions }, signal);
    return new RemoteSession(channel, loaded);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#channel?.close();
  }
}

/** Workers run compiled JavaScript: for a module under a TypeScript loader (the tests) the twin in dist/ is meant. */
export function workerBeside(module: string): URL {
  if (!module.endsWith('.ts')) return new URL('./worker.js', module);
  return new URL(module.replace(/\/src\/(engine\/\w+)\/\w+\.ts$/, '/dist/$1/worker.js'));
}

class RemoteSession implements Session {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #channel: Channel;
  readonly #session: number;
  #closed = false;

  constructor(channel: Channel, loaded: Loaded) {
    this.#channel = channel;
    this.#session = loaded.session;
    this.inputs = loaded.inputs;
    this.outputs = loaded.outputs;
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Tensors> {
    this.#check(feeds, options.outputs);
    const wanted = options.outputs && { outputs: options.outputs };
    return this.#channel.send<Tensors>({ kind: 'run', session: this.#session, feeds, ...wanted }, options.signal);
  }

  async loop(feeds: Tensors, options: LoopOptions): Promise<Tensors> {
    this.#check(feeds, [...(options.outputs ?? []), ...Object.keys(options.carry)]);
    const nowhere = Object.values(options.carry).find((name) => !this.inputs.some((v) => v.name === name));
    if (nowhere !== undefined)
      throw new CutlineError('ENGINE_RUN', { problem: `cannot carry into ${nowhere}: no such input` });
    if (!(Number.isInteger(options.steps) && options.steps > 0)) {
      throw new CutlineError('ENGINE_RUN', { problem: `${options.steps} steps: a whole number above 0 is needed` });
    }
    const wanted = options.outputs && { outputs: options.outputs };
    return this.#channel.send<Tensors>(
      { kind: 'loop', session: this.#session, feeds, ...wanted, steps: options.steps, carry: options.carry },
      options.signal,
      options.onProgress,
    );
  }

  async time(
    feeds: Tensors,
    options: { readonly warmups: number; readonly repeats: number; readonly signal?: AbortSignal },
  ): Promise<number[]> {
    this.#check(feeds);
    const { warmups, repeats } = options;
    return this.#channel.send<number[]>(
      { kind: 'time', session: this.#session, feeds, warmups, repeats },
      options.signal,
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#channel.alive) await this.#channel.send({ kind: 'release', session: this.#session });
  }

  /** The runtimes' own messages for wrong feeds are obscure, and some mistakes crash them: they are caught here. */
  #check(feeds: Tensors, outputs: readonly string[] = []): void {
    if (this.#closed) throw new CutlineError('ENGINE_CLOSED');
    const refuse = (problem: string): never => {
      throw new CutlineError('ENGINE_RUN', { problem });
    };
    for (const { name, dtype, shape, unknown } of this.inputs) {
      const t = own(feeds, name);
      if (unknown === 'opaque') {
        // An optional may be left out; what cannot be left out either, the runtime says.
        if (t) refuse(`input ${name} takes no plain tensor`);
        continue;
      }
      if (!t) {
        refuse(`input ${name} is missing`);
        continue;
      }
      if (t.dtype !== dtype) refuse(`input ${name} is ${dtype}, not ${t.dtype}`);
      // Runtimes tell an unknown rank as a scalar's.
      const open = unknown !== undefined || shape.length === 0;
      const fits = t.shape.length === shape.length && shape.every((d, i) => typeof d === 'string' || d === t.shape[i]);
      if (!fits && !open) refuse(`input ${name} has shape [${shape}], not [${t.shape}]`);
      if (t.data.length !== sizeOf(t.shape)) refuse(`input ${name}: ${t.data.length} values for shape [${t.shape}]`);
    }
    const unknown = Object.keys(feeds).find((name) => !this.inputs.some((v) => v.name === name));
    if (unknown !== undefined)
      refuse(`there is no input ${unknown}; inputs: ${this.inputs.map((v) => v.name).join(', ')}`);
    const missing = outputs.find((name) => !this.outputs.some((v) => v.name === name));
    if (missing !== undefined)
      refuse(`there is no output ${missing}; outputs: ${this.outputs.map((v) => v.name).join(', ')}`);
  }
}

/** An engine whose sessions live in one worker thread. A worker that crashed is replaced at the next load. */
import { CutlineError } from '../../errors.ts';
import type { Engine, LoadOptions, Session } from '../../model/engine.ts';
import type { Graph } from '../../model/graph.ts';
import { encodeModel } from '../../model/index.ts';
import { Channel } from './channel.ts';
import { KeptSessions } from './kept.ts';
import type { Loaded } from './protocol.ts';
import { RemoteSession } from './session.ts';

export class RemoteEngine implements Engine {
  readonly name: string;
  readonly hasFloat64: boolean;
  readonly #worker: URL;
  readonly #settings: object;
  readonly #kept = new KeptSessions();
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
    const channel = this.#channel;
    const { signal, keepBytes, mostStallMs: _, ...sessionOptions } = options;
    const loadNow = async (stop?: AbortSignal) => {
      const bytes = model instanceof Uint8Array ? model : encodeModel(model);
      const loaded = await channel.send<Loaded>({ kind: 'load', model: bytes, options: sessionOptions }, stop);
      return new RemoteSession(channel, loaded);
    };
    if (keepBytes === undefined) return loadNow(signal);
    if (signal?.aborted) throw new CutlineError('CANCELLED');
    // Somebody else may be waiting for it as well: it is loaded to the end.
    const session = await this.#kept.borrow(model, JSON.stringify(sessionOptions), keepBytes, loadNow);
    if (!signal?.aborted) return session;
    await session.close();
    throw new CutlineError('CANCELLED');
  }

  protected get isClosed(): boolean {
    return this.#closed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#channel?.close();
  }
}

/** A session of the worker, seen from this side: a loaded graph, perhaps with some inputs fed for good. */
import { CutlineError } from '../../errors.ts';
import type { LoopOptions, RunOptions, Session } from '../../model/engine.ts';
import type { ValueInfo } from '../../model/graph.ts';
import type { Tensors } from '../../model/tensor.ts';
import type { Channel } from './channel.ts';
import { checkCarry, checkFeeds, checkOutputs, refuse } from './feeds.ts';
import type { Loaded } from './protocol.ts';

/** Of a session made of another one: under which number its inputs are held, and what its close does. */
interface Origin {
  readonly of: RemoteSession;
  readonly held?: number;
  readonly onClose: () => Promise<void>;
}

export class RemoteSession implements Session {
  /** Those that have to be fed. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly #channel: Channel;
  readonly #session: number;
  readonly #origin: Origin | undefined;
  #isClosed = false;

  constructor(channel: Channel, { session, inputs, outputs }: Loaded, origin?: Origin) {
    this.#channel = channel;
    this.#session = session;
    this.#origin = origin;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** Whether it can be run: not closed, nor ended with its worker. */
  get isOpen(): boolean {
    return !this.#isClosed && this.#channel.alive && (this.#origin?.of.isOpen ?? true);
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Tensors> {
    this.#check(feeds, options.outputs);
    const wanted = options.outputs && { outputs: options.outputs };
    return this.#channel.send<Tensors>({ kind: 'run', ...this.#here(), feeds, ...wanted }, options.signal);
  }

  async loop(feeds: Tensors, options: LoopOptions): Promise<Tensors> {
    this.#check(feeds, [...(options.outputs ?? []), ...Object.keys(options.carry)]);
    checkCarry(Object.values(options.carry), this.inputs);
    if (!(Number.isInteger(options.steps) && options.steps > 0)) {
      refuse(`${options.steps} steps: a whole number above 0 is needed`);
    }
    const { steps, carry, signal, onProgress } = options;
    const wanted = options.outputs && { outputs: options.outputs };
    const request = { kind: 'loop', ...this.#here(), feeds, ...wanted, steps, carry } as const;
    return this.#channel.send<Tensors>(request, signal, onProgress);
  }

  async time(
    feeds: Tensors,
    options: { readonly warmups: number; readonly repeats: number; readonly signal?: AbortSignal },
  ): Promise<number[]> {
    this.#check(feeds);
    const { warmups, repeats, signal } = options;
    return this.#channel.send<number[]>({ kind: 'time', ...this.#here(), feeds, warmups, repeats }, signal);
  }

  async hold(feeds: Tensors, options: { readonly signal?: AbortSignal } = {}): Promise<RemoteSession> {
    this.#checkOpen();
    const names = new Set(Object.keys(feeds));
    // What is not among the inputs is found out when these are checked.
    const taken = this.inputs.filter((v) => names.has(v.name));
    checkFeeds(feeds, taken.length === names.size ? taken : this.inputs);
    const held = await this.#channel.send<number>({ kind: 'hold', ...this.#here(), feeds }, options.signal);
    const left = this.inputs.filter((v) => !names.has(v.name));
    const loaded = { session: this.#session, inputs: left, outputs: this.outputs };
    const onClose = () => this.#channel.send<void>({ kind: 'let-go', session: this.#session, held });
    return new RemoteSession(this.#channel, loaded, { of: this, held, onClose });
  }

  /**
   * Another handle on the same session, to be closed by itself.
   * @param onClose called once, when it is
   */
  share(onClose: () => Promise<void>): RemoteSession {
    const { inputs, outputs } = this;
    return new RemoteSession(this.#channel, { session: this.#session, inputs, outputs }, { of: this, onClose });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    const { isOpen } = this;
    this.#isClosed = true;
    if (this.#origin) {
      // Who counts its users is told in any case.
      if (isOpen || this.#origin.held === undefined) await this.#origin.onClose();
    } else if (isOpen) await this.#channel.send({ kind: 'release', session: this.#session });
  }

  #here(): { readonly session: number; readonly held?: number } {
    const held = this.#held;
    return { session: this.#session, ...(held !== undefined && { held }) };
  }

  get #held(): number | undefined {
    return this.#origin && (this.#origin.held ?? this.#origin.of.#held);
  }

  #check(feeds: Tensors, outputs: readonly string[] = []): void {
    this.#checkOpen();
    checkFeeds(feeds, this.inputs);
    checkOutputs(outputs, this.outputs);
  }

  /** What ended with its worker says so when it is asked. */
  #checkOpen(): void {
    if (this.#isClosed) throw new CutlineError('ENGINE_CLOSED');
    if (this.#origin) this.#origin.of.#checkOpen();
  }
}

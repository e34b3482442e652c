/**
 * Keeps one connection to a broker alive: connects, announces itself, and when the connection is lost waits and connects
 * again. It queues nothing; who has something to say waits for `onUp` and says it (again).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CutlineError } from '../errors.ts';
import { Backoff, type BackoffOptions } from './backoff.ts';
import { type Connection, type ConnectOptions, connect, type Receive } from './connection.ts';

export interface LinkOptions {
  readonly connect: ConnectOptions;
  readonly backoff?: BackoffOptions;
  /** Give up after this long without a connection; never when left out. */
  readonly giveUpAfterMs?: number | undefined;
  /** A line for people about what the link does. */
  readonly log: (line: string) => void;
}

export interface LinkEvents {
  /** Called on each new connection, before anything else: subscribe and announce here. A failure ends the connection. */
  readonly prepare: (connection: Connection) => Promise<void>;
  /** It is prepared: what waits may be sent. */
  readonly onUp?: () => void;
  readonly onDown?: () => void;
  readonly receive: Receive;
}

export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #backoff: Backoff;
  #connection: Connection | undefined;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#backoff = new Backoff(options.backoff);
  }

  /** The connection while there is one. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /**
   * Runs until `signal` aborts; then resolves with the connection closed.
   * @throws CutlineError BROKER_REFUSED at the first connection, BROKER_UNREACHABLE after `giveUpAfterMs`
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    let target = this.#options.connect;
    let downSinceMs = performance.now();
    let everUp = false;
    while (!signal.aborted) {
      try {
        const connection = await connect(target, this.#events.receive, signal);
        const upSinceMs = performance.now();
        log(`connected to ${target.url}, MQTT ${connection.protocol === 5 ? '5' : '3.1.1'}`);
        const reason = await this.#use(connection, signal, () => {
          everUp = true;
        });
        this.#backoff.lasted(performance.now() - upSinceMs);
        downSinceMs = performance.now();
        if (!signal.aborted) log(`connection to ${target.url} lost: ${reason}`);
      } catch (error) {
        if (signal.aborted) return;
        // Later refusals may be a broker that is still starting; the first is a wrong configuration.
        if (!(error instanceof CutlineError) || (error.code !== 'BROKER_LOST' && !everUp)) throw error;
        log(error.message);
        this.#checkPatience(downSinceMs, error);
      }
      await this.#pause(signal);
      target = await this.#renewed(target);
    }
  }

  /** Passwords and certificates are changed while programs run; one that is half written is read again next time. */
  async #renewed(target: ConnectOptions): Promise<ConnectOptions> {
    try {
      return { ...target, ...(await target.fresh?.()) };
    } catch (error) {
      this.#options.log(`${(error as Error).message} What was read before is used.`);
      return target;
    }
  }

  async #use(connection: Connection, signal: AbortSignal, prepared: () => void): Promise<string> {
    const leave = () => void connection.close().catch(() => {});
    try {
      // Before it is prepared: what arrives between subscribing and its confirmation can be answered.
      this.#connection = connection;
      await this.#events.prepare(connection);
      prepared();
      this.#events.onUp?.();
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
      return await connection.ended;
    } finally {
      this.#connection = undefined;
      signal.removeEventListener('abort', leave);
      this.#events.onDown?.();
      await connection.close().catch(() => {});
    }
  }

  #checkPatience(downSinceMs: number, error: CutlineError): void {
    const { giveUpAfterMs, connect: target } = this.#options;
    if (giveUpAfterMs === undefined || performance.now() - downSinceMs < giveUpAfterMs) return;
    const problem = error.cause instanceof Error ? error.cause.message : error.message;
    const details = { url: target.url, seconds: giveUpAfterMs / 1000, problem };
    throw new CutlineError('BROKER_UNREACHABLE', details, { cause: error });
  }

  async #pause(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const ms = this.#backoff.nextMs();
    this.#options.log(`trying again in ${(ms / 1000).toFixed(1)} s`);
    await sleep(ms, undefined, { signal }).catch(() => {});
  }
}

/**
 * Hears of new plans, beside the agent and on a connection of its own: it is there while agents come and go, and when no plan runs at
 * all. Where no agent says the device's state, it does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrokerSettings, connectOptions, Link, Refusals, topicOf, updatesClientId } from '../../broker/index.ts';
import { MOST_PUSH_BYTES } from '../../plan/index.ts';

export interface MailboxOptions {
  readonly broker: BrokerSettings;
  readonly folder: string;
  readonly fleet: string;
  readonly device: string;
  /** Called for one after the other, of those that come meanwhile for the last, whose coming aborts the signal. Never rejects. */
  readonly receive: (payload: Buffer, signal: AbortSignal) => Promise<void>;
  readonly log: (line: string) => void;
}

interface Topics {
  readonly plan: string;
  readonly state: string;
}

/** Nothing is sent here but pings. */
const LEAST_KEEPALIVE_S = 60;
/** Whoever can publish could keep us busy. */
const BETWEEN_MS = 250;
/** An account that is not let in may be put right. */
const AGAIN_MS = 60_000;

export class Mailbox {
  readonly #options: MailboxOptions;
  readonly #link: Link;
  readonly #end = new AbortController();
  readonly #topics: Topics;
  #next: Buffer | undefined;
  #now: { readonly payload: Buffer; readonly newer: AbortController } | undefined;
  #state: string | undefined;

  private constructor(options: MailboxOptions, link: ConstructorParameters<typeof Link>[0], topics: Topics) {
    this.#options = options;
    this.#topics = topics;
    this.#link = new Link(link, {
      prepare: async (connection) => {
        // At most once: what is too large is then left out before it is read, and what is lost comes with the next connection.
        await connection.subscribe(topics.plan, 0);
        if (this.#state !== undefined) await connection.publish(topics.state, this.#state, { qos: 1, retain: true });
      },
      receive: (topic, payload) => topic === topics.plan && this.#receive(payload),
    });
  }

  /** @throws CutlineError of the broker's settings */
  static async open(options: MailboxOptions): Promise<Mailbox> {
    const { broker, folder, fleet, device, log } = options;
    const clientId = updatesClientId(fleet, device);
    const keepaliveS = Math.max(LEAST_KEEPALIVE_S, broker.keepaliveS);
    const refusals = new Refusals(['oversized'], (total, problem) =>
      log(`${total} message(s) on the topic of plans were not read; the last: ${problem}`),
    );
    const skip = {
      overBytes: MOST_PUSH_BYTES,
      tell: (bytes: number) => refusals.add('oversized', `${bytes} bytes`),
    };
    const connect = { ...(await connectOptions({ ...broker, keepaliveS }, folder, { clientId })), skip };
    // The agent says where it is connected to.
    const quietly = (line: string) => void (/refused|may not/.test(line) && log(line));
    const topics = { plan: topicOf(fleet, device, 'plan'), state: topicOf(fleet, device, 'state') };
    const box = new Mailbox(options, { connect, log: quietly }, topics);
    void box.#run();
    return box;
  }

  /** What the device's state is while no agent says it; undefined: one does. */
  tell(state: string | undefined): void {
    if (state !== undefined && state !== this.#state) {
      const words = { qos: 1, retain: true } as const;
      void this.#link.connection?.publish(this.#topics.state, state, words).catch(() => {});
    }
    this.#state = state;
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#link.connection?.close().catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#end;
    let said = '';
    while (!signal.aborted) {
      try {
        await this.#link.run(signal);
      } catch (error) {
        if (signal.aborted) return;
        const { message } = error as Error;
        if (message !== said) this.#options.log(`plans cannot be heard of: ${message}`);
        said = message;
        await sleep(AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }

  #receive(payload: Buffer): void {
    // Empty: taken back.
    if (payload.length === 0) return;
    // A retained one comes with each connection.
    if (!this.#next && this.#now?.payload.equals(payload)) return;
    this.#next = payload;
    if (this.#now) this.#now.newer.abort();
    else void this.#work();
  }

  async #work(): Promise<void> {
    const { signal } = this.#end;
    for (let payload = this.#next; payload && !signal.aborted; payload = this.#next) {
      this.#next = undefined;
      const newer = new AbortController();
      this.#now = { payload, newer };
      await this.#options.receive(payload, AbortSignal.any([signal, newer.signal]));
      await sleep(BETWEEN_MS, undefined, { ref: false });
      this.#now = undefined;
    }
  }
}

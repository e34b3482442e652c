/** Lines on their way to one sink: in order, bounded in number and bytes, one at a time, tried again with growing pauses. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Backoff } from '../../broker/index.ts';
import { type Delivery, type SinkCounts, Undelivered } from './sink.ts';

export interface QueueOptions {
  readonly name: string;
  readonly delivery: Delivery;
  /** Lines that may wait. */
  readonly queue: number;
  readonly retries: number;
  /** Whether the agent waits for room while the sink is well; otherwise, and when it is not, the oldest line goes. */
  readonly isPatient: boolean;
  readonly log: (line: string) => void;
  /** After it nobody waits for room for long. */
  readonly stop: AbortSignal;
  readonly backoff?: Backoff;
  /** What waits at the end has this long. */
  readonly flushMs?: number;
}

interface Item {
  readonly text: string;
  readonly id: string;
}

const MAX_BYTES = 16 << 20;
const FLUSH_MS = 5000;

export class SinkQueue {
  readonly counts: SinkCounts = { delivered: 0, filtered: 0, dropped: 0, failed: 0 };
  readonly #options: QueueOptions;
  readonly #backoff: Backoff;
  readonly #waiting: Item[] = [];
  readonly #end = new AbortController();
  #bytes = 0;
  #isWell = true;
  #isPatient: boolean;
  #worker: Promise<void> | undefined;
  #roomMakers: (() => void)[] = [];
  #complaints = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#isPatient = options.isPatient;
    this.#backoff = options.backoff ?? new Backoff({ firstMs: 500, maxMs: 30_000 });
    const lose = () => void setTimeout(() => this.#losePatience(), options.flushMs ?? FLUSH_MS).unref();
    options.stop.addEventListener('abort', lose, { once: true });
  }

  /** Never fails. Resolves at once unless the sink is patient and well. */
  async offer(text: string): Promise<void> {
    while (this.#isFull(text) && this.#isPatient && this.#isWell && this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#roomMakers.push(resolve));
    }
    while (this.#isFull(text) && this.#waiting.length > 0) this.#drop();
    this.#waiting.push({ text, id: randomUUID() });
    this.#bytes += text.length;
    this.#worker ??= this.#work().finally(() => {
      this.#worker = undefined;
    });
  }

  /** Delivers what waits, within bounds of time. */
  async close(): Promise<void> {
    const { flushMs = FLUSH_MS, delivery, name, log } = this.#options;
    const patience = setTimeout(() => this.#end.abort(), flushMs);
    this.#losePatience();
    await this.#worker;
    clearTimeout(patience);
    this.#end.abort();
    await delivery.close().catch(() => {});
    const { dropped, failed } = this.counts;
    if (dropped + failed > 0) log(`${name}: ${failed} results were not taken, ${dropped} had no room or no time left`);
  }

  #isFull(text: string): boolean {
    return this.#waiting.length >= this.#options.queue || this.#bytes + text.length > MAX_BYTES;
  }

  #drop(): void {
    this.#bytes -= this.#waiting.shift()!.text.length;
    this.counts.dropped++;
  }

  #losePatience(): void {
    this.#isPatient = false;
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const wake of this.#roomMakers.splice(0)) wake();
  }

  async #work(): Promise<void> {
    for (let item = this.#waiting.shift(); item; item = this.#waiting.shift()) {
      this.#bytes -= item.text.length;
      this.#makeRoom();
      await this.#deliver(item);
      if (this.#end.signal.aborted) while (this.#waiting.length > 0) this.#drop();
    }
  }

  async #deliver({ text, id }: Item): Promise<void> {
    const { delivery, retries } = this.#options;
    const { signal } = this.#end;
    for (let tries = 0; ; tries++) {
      try {
        await delivery.deliver(text, id, signal);
        this.#backoff.lasted(Number.POSITIVE_INFINITY);
        if (!this.#isWell) this.#options.log(`${this.#options.name}: taken again, after ${tries} tries in vain`);
        this.#isWell = true;
        this.counts.delivered++;
        return;
      } catch (error) {
        if (!(error instanceof Undelivered)) throw error;
        if (signal.aborted) {
          this.counts.dropped++;
          return;
        }
        const isOver = error.isFinal || tries >= retries;
        this.#complain(`${error.message}; ${isOver ? 'given up' : 'trying again'}`);
        if (isOver) {
          this.counts.failed++;
          return;
        }
        this.#isWell = false;
        this.#makeRoom();
        const waitMs = Math.max(this.#backoff.nextMs(), error.afterMs ?? 0);
        await sleep(waitMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** The first, then ever more rarely: a sink that is away for a night must not fill the log. */
  #complain(problem: string): void {
    this.#complaints++;
    if ((this.#complaints & (this.#complaints - 1)) === 0) this.#options.log(`${this.#options.name}: ${problem}`);
  }
}

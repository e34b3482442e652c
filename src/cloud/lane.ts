/** What waits for one plan's tail, and its runs: whatever waits goes together, as far as the tail takes it. */
import { createCodec, decodeTensors, type FailureCode } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/index.ts';
import type { Given } from './answers.ts';
import type { Item, Served } from './item.ts';
import { Turns } from './turns.ts';

export interface LaneEvents {
  readonly ran: () => void;
  /** Resolves when it was sent. */
  readonly answered: (item: Item, answer: Given) => Promise<void>;
  readonly failed: (item: Item, code: FailureCode, message: string) => void;
  /** The last word on each. */
  readonly finished: (item: Item) => void;
  readonly log: (line: string) => void;
}

/** Answers are logits: small, and worth their precision. */
const answerCodec = createCodec('float32');

export class Lane {
  readonly plan: Served;
  readonly #concurrency: number;
  readonly #events: LaneEvents;
  readonly #turns = new Turns<Item>();
  #running = 0;
  #isAsked = false;
  #isHurried = false;
  #timer: NodeJS.Timeout | undefined;

  /** @param concurrency runs that are prepared or under way at once; the engine itself does one after the other */
  constructor(plan: Served, concurrency: number, events: LaneEvents) {
    this.plan = plan;
    this.#concurrency = concurrency;
    this.#events = events;
  }

  waitingOf(device: string): number {
    return this.#turns.waitingOf(device);
  }

  push(item: Item): void {
    this.#turns.push(item.envelope.deviceId, item);
    if (this.#isAsked) return;
    this.#isAsked = true;
    // What came in the same packet goes together; nothing else is waited for.
    setImmediate(() => {
      this.#isAsked = false;
      this.#pump();
    });
  }

  /** Takes away the newest of the device that has most waiting, where that is more than `than`. */
  evict(than: number): Item | undefined {
    return this.#turns.evict(than);
  }

  /** From now on nobody is waited for. */
  hurry(): void {
    this.#isHurried = true;
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    while (this.#running < this.#concurrency && this.#turns.size > 0) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.ceil(waitMs));
        return;
      }
      const count = Math.min(this.plan.tail.takes(this.#turns.size), this.#turns.size);
      const items = Array.from({ length: count }, () => this.#turns.next()!);
      this.#running++;
      void this.#work(items).finally(() => {
        this.#running--;
        this.#pump();
      });
    }
  }

  /** How long it is still worth while to wait for more. */
  #waitMs(): number {
    const { tail, waitMs } = this.plan;
    if (waitMs === 0 || this.#isHurried || this.#turns.size >= tail.most) return 0;
    return this.#turns.oldest((item) => item.arrivedMs) + waitMs - performance.now();
  }

  /** From the queue to the answers. Never rejects. */
  async #work(items: readonly Item[]): Promise<void> {
    try {
      const startMs = performance.now();
      const unpacked = await Promise.all(items.map((item) => this.#unpacked(item)));
      const good = items.flatMap((item, i) => (unpacked[i] ? [{ item, activation: unpacked[i] }] : []));
      if (good.length === 0) return;
      const runMs = performance.now();
      const answers = await this.plan.tail
        .run(good.map(({ activation }) => activation))
        .catch((error: unknown) => good.map(() => error as Error));
      const tailMs = performance.now() - runMs;
      this.#events.ran();
      // What the batch took is what each of them waited for it.
      const times = { decodeMs: runMs - startMs, tailMs };
      await Promise.all(
        good.map(({ item }, i) => this.#answer(item, answers[i]!, { queueMs: startMs - item.arrivedMs, ...times })),
      );
    } finally {
      for (const item of items) this.#events.finished(item);
    }
  }

  async #unpacked(item: Item): Promise<Tensors | undefined> {
    try {
      return await decodeTensors(item.envelope.body.tensors);
    } catch (error) {
      this.#events.failed(item, 'BAD_TENSORS', (error as Error).message);
      return undefined;
    }
  }

  async #answer(item: Item, answer: Tensors | Error, times: Record<'queueMs' | 'decodeMs' | 'tailMs', number>) {
    try {
      if (answer instanceof Error) throw answer;
      const tensors = await Promise.all(Object.entries(answer).map(([name, t]) => answerCodec.encode(name, t)));
      await this.#events.answered(item, { kind: 'result', tensors, ...times });
    } catch (error) {
      this.#events.log(`an activation of ${item.envelope.deviceId} failed: ${(error as Error).message}`);
      this.#events.failed(item, 'INTERNAL', error instanceof CutlineError ? error.code : 'failed');
    }
  }
}

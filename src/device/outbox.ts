/**
 * Messages that wait for their answer, by correlation id. An inference leaves the outbox with its answer, when it expires, or
 * after as many tries as it was given. Brokers may lose everything, so it is sent again when no answer comes – but never down a
 * stream on which the first copy may still be waiting, and whenever there is a new stream. How many wait at once is the agent's
 * affair; how many are on the stream at once, and how long to wait, is learnt (`pace.ts`).
 */
import { failures } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import { Recent } from '../recent.ts';
import type { Answer, BodyOf, Delivered, Message } from './message.ts';
import { answerFailed, noAnswer } from './no-answer.ts';
import { Pace } from './pace.ts';
import type { Written } from './session.ts';
import { Silence } from './silence.ts';

export interface OutboxOptions {
  /** The first time-out, and the least ever after. */
  readonly timeoutMs: number;
  /** Time-outs after which a message is given up; when left out, only its expiry ends it. */
  readonly retries?: number | undefined;
  readonly expiryMs: number;
  readonly fleet: string;
  /** A message is on its stream too long if others wait behind it when the broker asks whether anybody is there. */
  readonly keepaliveMs: number;
  /** Messages that may be on the stream at once. */
  readonly most: number;
  /** Publishes; a rejection other than BROKER_LOST ends the message, BROKER_LOST waits for `up`. */
  readonly send: (correlationId: string, planId: string, written: Written) => Promise<void>;
  /** Resolves when the broker has read all that was sent before; rejects when the stream has ended. */
  readonly settled: () => Promise<void>;
  readonly log: (line: string) => void;
  /** Nobody answers for this plan, though the broker has its messages; until `false` is told of it. */
  readonly silent?: (planId: string, isSilent: boolean) => void;
  /** Uniform on [0, 1). */
  readonly random?: () => number;
}

interface Entry extends Message {
  readonly enteredMs: number;
  tries: number;
  timeouts: number;
  refusals: number;
  firstMs: number;
  lastMs: number;
  timer: NodeJS.Timeout | undefined;
  /** The broker is known to have had the last copy. */
  reached: boolean;
  /** What a consumer last said instead of a result. */
  refusal: BodyOf<'failure'> | undefined;
  readonly resolve: (delivered: Delivered) => void;
  readonly reject: (error: unknown) => void;
}

/** Ids of answered messages kept to tell a late twin from a stranger. */
const REMEMBERED = 1024;
const LONGEST_PAUSE_MS = 30_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #pace: Pace;
  readonly #entries = new Map<string, Entry>();
  /** Not on the stream, in the order in which they are to go there. */
  readonly #queue = new Set<Entry>();
  readonly #onStream = new Set<Entry>();
  readonly #answered = new Recent<string>(REMEMBERED);
  #isUp = false;
  #downSinceMs = performance.now();
  #failed: { readonly error: unknown } | undefined;
  /** By plan. */
  readonly #silences = new Map<string, Silence>();
  #resends = 0;
  #lateTwins = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
    const { timeoutMs, keepaliveMs, most } = options;
    this.#pace = new Pace({ firstMs: timeoutMs, crowdedMs: keepaliveMs / 4, most });
  }

  /** Messages sent again, and answers that came after another to the same message. */
  get counts(): { readonly resends: number; readonly lateTwins: number; readonly waiting: number } {
    return { resends: this.#resends, lateTwins: this.#lateTwins, waiting: this.#entries.size };
  }

  /** @throws CutlineError NO_ANSWER, ANSWER_FAILED, MESSAGE_TOO_LARGE, or what `fail` was called with */
  async deliver(message: Message): Promise<Delivered> {
    if (this.#failed) throw this.#failed.error;
    let entry: Entry | undefined;
    let expiry: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Delivered>((resolve, reject) => {
        const fresh = { tries: 0, timeouts: 0, refusals: 0, firstMs: 0, lastMs: 0, timer: undefined };
        const untold = { reached: false, refusal: undefined };
        const made: Entry = { ...message, ...fresh, ...untold, enteredMs: performance.now(), resolve, reject };
        entry = made;
        this.#entries.set(message.correlationId, made);
        this.#queue.add(made);
        expiry = setTimeout(() => reject(this.#noAnswer(made)), this.#options.expiryMs);
        this.#pump();
      });
    } finally {
      clearTimeout(expiry);
      if (entry) this.#forget(entry);
      this.#pump();
    }
  }

  /** A new connection: all that waits is sent (again). */
  up(): void {
    this.#isUp = true;
    this.#pace.restart();
    this.#pump();
  }

  /** The connection is gone, and what was on it has to be sent again: time without it does not count as a try. */
  down(): void {
    if (this.#isUp) this.#downSinceMs = performance.now();
    this.#isUp = false;
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
    this.#onStream.clear();
    this.#queue.clear();
    for (const entry of this.#entries.values()) this.#queue.add(entry);
  }

  /** Of what an answer is waited for; undefined where none is. */
  planOf(correlationId: string): string | undefined {
    return this.#entries.get(correlationId)?.planId;
  }

  /** Counts an answer to what has been answered; false where nothing was asked. */
  again(correlationId: string): boolean {
    if (!this.#answered.has(correlationId)) return false;
    this.#lateTwins++;
    return true;
  }

  /** Takes an answer from the wire. `unknown` when nothing waits for it and nothing ever did. */
  answer({ correlationId, arrivedMs, body }: Answer): 'taken' | 'late twin' | 'unknown' {
    const entry = this.#entries.get(correlationId);
    if (entry && this.#silenceOf(entry.planId).endedBy(arrivedMs)) this.#found(entry.planId);
    if (!entry) return this.again(correlationId) ? 'late twin' : 'unknown';
    if (body.kind === 'failure' && body.code === 'UNKNOWN_SESSION') {
      // Nothing was wrong but the form, and what is sent again has the other one.
      if (entry.tries === 1 && this.#onStream.has(entry)) this.#send(entry);
    } else if (body.kind === 'failure' && failures[body.code].retry) {
      // It asks for air: most of a timeout, longer each time.
      entry.refusal = body;
      this.#pace.crowded(performance.now());
      this.#leave(entry);
      this.#pause(
        entry,
        this.#options.timeoutMs * 2 ** Math.min(entry.refusals++, 16),
        `the consumer answered ${body.code}`,
      );
    } else if (body.kind === 'failure') {
      entry.reject(answerFailed(body));
    } else {
      if (entry.tries === 1) this.#pace.answered(arrivedMs - entry.lastMs, arrivedMs);
      this.#answered.add(correlationId);
      entry.resolve({ outcome: body, arrivedMs, sentMs: entry.firstMs, tries: entry.tries });
    }
    return 'taken';
  }

  /** Ends everything that waits, and whatever comes later. */
  fail(error: unknown): void {
    this.#failed = { error };
    for (const entry of this.#entries.values()) entry.reject(error);
  }

  #pump(): void {
    for (const entry of this.#queue) {
      if (!this.#isUp || this.#onStream.size >= this.#pace.window) return;
      this.#queue.delete(entry);
      this.#onStream.add(entry);
      this.#send(entry);
    }
  }

  #send(entry: Entry): void {
    const isFirst = entry.tries++ === 0;
    entry.lastMs = performance.now();
    if (isFirst) entry.firstMs = entry.lastMs;
    else this.#resends++;
    const written = isFirst ? entry.first : { payload: entry.again(), isShort: false };
    this.#wait(entry);
    this.#options.send(entry.correlationId, entry.planId, written).catch((error: unknown) => {
      if (error instanceof CutlineError && error.code === 'BROKER_LOST') return;
      entry.reject(error);
    });
  }

  #wait(entry: Entry): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void this.#overdue(entry), this.#pace.timeoutMs(entry.timeouts));
  }

  /** No answer in time. Whether another copy can help depends on whether the broker has read the last one. */
  async #overdue(entry: Entry): Promise<void> {
    const copy = entry.lastMs;
    const askedMs = performance.now();
    try {
      await this.#options.settled();
    } catch {
      // The stream has ended; `down` and `up` see to it.
      return;
    }
    if (!this.#onStream.has(entry) || entry.lastMs !== copy) return;
    entry.reached = true;
    const slowMs = performance.now() - askedMs;
    if (slowMs > this.#pace.timeoutMs(0) / 2) {
      // The stream took so long: only now can anybody begin to answer.
      this.#pace.crowded(performance.now());
      this.#wait(entry);
      return;
    }
    const { fleet, log, silent } = this.#options;
    const { planId } = entry;
    if (this.#silenceOf(planId).begunBy(copy)) {
      log(`nobody answers for plan ${planId} in fleet ${fleet}; waiting for a consumer of it`);
      silent?.(planId, true);
    }
    const waitedMs = this.#pace.timeoutMs(entry.timeouts++);
    this.#leave(entry);
    this.#pause(entry, 100, `no answer within ${Math.round(waitedMs)} ms`);
  }

  /** Sends it again after most of `ms`. */
  #pause(entry: Entry, ms: number, problem: string): void {
    const { retries, log } = this.#options;
    const failed = entry.timeouts + entry.refusals;
    if (retries !== undefined && failed > retries) {
      entry.reject(this.#noAnswer(entry));
      return;
    }
    log(`${problem}; sending again (${failed}${retries === undefined ? '' : ` of ${retries}`})`);
    const pauseMs = Math.min(LONGEST_PAUSE_MS, ms) * (0.25 + 0.75 * (this.#options.random ?? Math.random)());
    entry.timer = setTimeout(() => {
      this.#queue.add(entry);
      this.#pump();
    }, pauseMs);
  }

  /** Whoever paused for want of anybody need not go on with it. */
  #found(planId: string): void {
    this.#options.log(`plan ${planId} is answered again`);
    this.#options.silent?.(planId, false);
    for (const entry of this.#entries.values()) {
      if (entry.planId !== planId || this.#onStream.has(entry) || this.#queue.has(entry) || entry.refusal) continue;
      clearTimeout(entry.timer);
      this.#queue.add(entry);
    }
    queueMicrotask(() => this.#pump());
  }

  #silenceOf(planId: string): Silence {
    const known = this.#silences.get(planId) ?? new Silence();
    this.#silences.set(planId, known);
    return known;
  }

  /** Its place on the stream is somebody else's. */
  #leave(entry: Entry): void {
    clearTimeout(entry.timer);
    this.#onStream.delete(entry);
    this.#queue.delete(entry);
    queueMicrotask(() => this.#pump());
  }

  #forget(entry: Entry): void {
    clearTimeout(entry.timer);
    this.#entries.delete(entry.correlationId);
    this.#onStream.delete(entry);
    this.#queue.delete(entry);
  }

  #noAnswer(entry: Entry): CutlineError {
    const { fleet } = this.#options;
    return noAnswer(entry, { fleet, planId: entry.planId, downSinceMs: this.#isUp ? undefined : this.#downSinceMs });
  }
}

/**
 * Messages that wait for their answer, by correlation id. An inference leaves the outbox with its answer, after too many
 * tries, or when it expires; until then it is sent again when no answer comes and whenever the connection comes back.
 * Brokers may lose everything. How many wait at once is the agent's affair, who waits for each.
 */
import { type Body, failures } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';
import type { Tensors } from '../model/tensor.ts';
import type { Written } from './session.ts';

export interface Message {
  readonly correlationId: string;
  readonly first: Written;
  /** What is sent again, in full. */
  readonly again: () => Uint8Array;
}

export interface OutboxOptions {
  readonly timeoutMs: number;
  /** Timeouts after which a message is given up. */
  readonly retries: number;
  readonly expiryMs: number;
  readonly fleet: string;
  /** Publishes; a rejection other than BROKER_LOST ends the message, BROKER_LOST waits for `up`. */
  readonly send: (correlationId: string, written: Written) => Promise<void>;
  readonly log: (line: string) => void;
  /** Uniform on [0, 1). */
  readonly random?: () => number;
}

type BodyOf<K extends Body['kind']> = Extract<Body, { readonly kind: K }>;

/** A result as it was checked and unpacked. */
export interface Outcome extends Omit<BodyOf<'result'>, 'tensors'> {
  readonly outputs: Tensors;
}

export interface Answer {
  readonly correlationId: string;
  /** When it came, by `performance.now()`. */
  readonly arrivedMs: number;
  readonly body: Outcome | BodyOf<'failure'>;
}

export interface Delivered extends Pick<Answer, 'arrivedMs'> {
  readonly outcome: Outcome;
  /** When it was first handed to the connection, by `performance.now()`. */
  readonly sentMs: number;
  readonly tries: number;
}

interface Entry extends Message {
  tries: number;
  timeouts: number;
  sentMs: number;
  timer: NodeJS.Timeout | undefined;
  /** What a consumer last said instead of a result. */
  refusal: BodyOf<'failure'> | undefined;
  readonly resolve: (delivered: Delivered) => void;
  readonly reject: (error: unknown) => void;
}

/** Ids of answered messages kept to tell a late twin from a stranger. */
const REMEMBERED = 1024;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #answered = new Set<string>();
  #isUp = false;
  #failed: { readonly error: unknown } | undefined;
  #resends = 0;
  #lateTwins = 0;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Messages sent again, and answers that came after another to the same message. */
  get counts(): { readonly resends: number; readonly lateTwins: number; readonly waiting: number } {
    return { resends: this.#resends, lateTwins: this.#lateTwins, waiting: this.#entries.size };
  }

  /** @throws CutlineError NO_ANSWER, ANSWER_FAILED, MESSAGE_TOO_LARGE, or what `fail` was called with */
  async deliver(message: Message): Promise<Delivered> {
    let expiry: NodeJS.Timeout | undefined;
    try {
      if (this.#failed) throw this.#failed.error;
      return await new Promise<Delivered>((resolve, reject) => {
        const fresh = { tries: 0, timeouts: 0, sentMs: 0, timer: undefined, refusal: undefined };
        const entry: Entry = { ...message, ...fresh, resolve, reject };
        this.#entries.set(message.correlationId, entry);
        expiry = setTimeout(() => reject(this.#noAnswer(entry)), this.#options.expiryMs);
        if (this.#isUp) this.#attempt(entry);
      });
    } finally {
      clearTimeout(expiry);
      clearTimeout(this.#entries.get(message.correlationId)?.timer);
      this.#entries.delete(message.correlationId);
    }
  }

  /** The connection is there: everything that waits is sent (again). */
  up(): void {
    this.#isUp = true;
    for (const entry of this.#entries.values()) this.#attempt(entry);
  }

  /** The connection is gone: time without it does not count as a try. */
  down(): void {
    this.#isUp = false;
    for (const entry of this.#entries.values()) clearTimeout(entry.timer);
  }

  isWaitingFor(correlationId: string): boolean {
    return this.#entries.has(correlationId);
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
    if (!entry) return this.again(correlationId) ? 'late twin' : 'unknown';
    if (body.kind === 'failure' && body.code === 'UNKNOWN_SESSION') {
      // Nothing was wrong but the form, and what is sent again has the other one.
      if (entry.tries === 1 && this.#isUp) this.#attempt(entry);
    } else if (body.kind === 'failure' && failures[body.code].retry) {
      // It asks for air: most of a timeout, not at once.
      entry.refusal = body;
      const pauseMs = this.#options.timeoutMs * (0.25 + 0.75 * this.#random());
      this.#again(entry, `the consumer answered ${body.code}`, pauseMs);
    } else if (body.kind === 'failure') {
      entry.reject(answerFailed(body));
    } else {
      this.#remember(correlationId);
      entry.resolve({ outcome: body, arrivedMs, sentMs: entry.sentMs, tries: entry.tries });
    }
    return 'taken';
  }

  /** Ends everything that waits, and whatever comes later. */
  fail(error: unknown): void {
    this.#failed = { error };
    for (const entry of this.#entries.values()) entry.reject(error);
  }

  #attempt(entry: Entry): void {
    clearTimeout(entry.timer);
    const isFirst = entry.tries++ === 0;
    if (isFirst) entry.sentMs = performance.now();
    else this.#resends++;
    const written = isFirst ? entry.first : { payload: entry.again(), isShort: false };
    const { timeoutMs, send } = this.#options;
    const timedOut = () => this.#again(entry, `no answer within ${timeoutMs} ms`, 100 * this.#random());
    entry.timer = setTimeout(timedOut, timeoutMs);
    send(entry.correlationId, written).catch((error: unknown) => {
      if (error instanceof CutlineError && error.code === 'BROKER_LOST') return;
      entry.reject(error);
    });
  }

  #again(entry: Entry, problem: string, pauseMs: number): void {
    const { retries, log } = this.#options;
    clearTimeout(entry.timer);
    if (++entry.timeouts > retries) {
      entry.reject(this.#noAnswer(entry));
      return;
    }
    log(`${problem}; sending again (${entry.timeouts} of ${retries})`);
    entry.timer = setTimeout(() => this.#isUp && this.#attempt(entry), pauseMs);
  }

  #random(): number {
    return (this.#options.random ?? Math.random)();
  }

  /** Whoever was told why is not asked whether anybody is there. */
  #noAnswer(entry: Entry): CutlineError {
    if (entry.refusal) return answerFailed(entry.refusal);
    const { timeoutMs, fleet } = this.#options;
    return new CutlineError('NO_ANSWER', { tries: entry.tries, timeoutMs, fleet });
  }

  #remember(id: string): void {
    this.#answered.add(id);
    if (this.#answered.size > REMEMBERED) {
      for (const oldest of this.#answered) {
        this.#answered.delete(oldest);
        break;
      }
    }
  }
}

const answerFailed = ({ code, message }: BodyOf<'failure'>): CutlineError =>
  new CutlineError('ANSWER_FAILED', { code, problem: message });

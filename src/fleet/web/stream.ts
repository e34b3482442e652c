/** Server-sent events (WHATWG HTML, 9.2): each listener is told what has changed since it was last told, at most once a second. */
import type { ServerResponse } from 'node:http';
import type { Mark } from '../marks.ts';
import type { FleetUpdate } from '../view.ts';

export interface StreamOptions {
  readonly everyMs?: number;
  /** What has changed since then, or all of it. */
  readonly since: (mark: Mark | undefined) => FleetUpdate;
  readonly mark: () => Mark;
}

interface Listener {
  readonly response: ServerResponse;
  /** Whether it may still listen. */
  readonly mayHear: () => boolean;
  told: Mark | undefined;
  toldAtMs: number;
}

/** Pages that are open at once. */
const MOST = 16;
/** Something is said as often as that, so that a page knows that it is still told. */
const QUIET_MS = 5000;
/** Who reads nothing for so long is gone. */
const PATIENCE_MS = 30_000;

export class Stream {
  readonly #options: StreamOptions;
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#listeners.size >= MOST;
  }

  add(response: ServerResponse, mayHear: () => boolean): void {
    const listener: Listener = { response, mayHear, told: undefined, toldAtMs: 0 };
    this.#listeners.add(listener);
    response.once('close', () => this.#drop(listener));
    this.#tell(listener);
    this.#timer ??= setInterval(() => this.#tellAll(), this.#options.everyMs ?? 1000).unref();
  }

  close(): void {
    for (const { response } of this.#listeners) response.end();
    clearInterval(this.#timer);
  }

  #drop(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tellAll(): void {
    for (const listener of this.#listeners) {
      if (listener.mayHear()) this.#tell(listener);
      else listener.response.end();
    }
  }

  #tell(listener: Listener): void {
    const { response, told, toldAtMs } = listener;
    const nowMs = performance.now();
    // What it has not read yet is enough to wait for: nothing is heaped up.
    if (response.writableNeedDrain) {
      if (nowMs - toldAtMs > PATIENCE_MS) response.destroy();
      return;
    }
    const mark = this.#options.mark();
    const isNew = told === undefined || mark.version !== told.version || mark.epoch !== told.epoch;
    if (!isNew && nowMs - toldAtMs < QUIET_MS) return;
    const update = this.#options.since(told);
    listener.told = mark;
    listener.toldAtMs = nowMs;
    // JSON has no line ends of its own.
    response.write(`data: ${JSON.stringify(update)}\n\n`);
  }
}

/** Frames that have come and wait to be taken: never more than so many, whatever the pace of who makes them. */
import type { SourceCounts } from './source.ts';

export interface Frame {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FramesOptions {
  /** Frames that may wait. */
  readonly queue: number;
  /** What happens to one more: the oldest goes, the newest goes, or who brings it waits. */
  readonly drop: 'oldest' | 'newest' | 'wait';
  /** Frames sooner than this are passed over; with `wait` pacing is the taker's. */
  readonly maxFps: number | undefined;
  readonly counts: SourceCounts;
  readonly stop: AbortSignal;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

export class Frames {
  readonly #options: FramesOptions;
  readonly #waiting: Frame[] = [];
  #takers: (() => void)[] = [];
  #bringers: (() => void)[] = [];
  #dueMs = Number.NEGATIVE_INFINITY;
  #ended = false;

  constructor(options: FramesOptions) {
    this.#options = options;
    if (options.stop.aborted) this.end();
    else options.stop.addEventListener('abort', () => this.end(), { once: true });
  }

  /** Resolves at once, or with `wait` when there is room again. */
  async push(frame: Frame): Promise<void> {
    const { queue, drop, counts } = this.#options;
    if (this.#ended) return;
    if (drop !== 'wait' && this.#isEarly()) {
      counts.early++;
      return;
    }
    while (drop === 'wait' && this.#waiting.length >= queue && !this.#ended) {
      await new Promise<void>((resolve) => this.#bringers.push(resolve));
    }
    if (this.#ended) return;
    if (this.#waiting.length >= queue) {
      counts.dropped++;
      if (drop === 'newest') return;
      this.#waiting.shift();
    }
    this.#waiting.push(frame);
    this.#takers = woken(this.#takers);
  }

  /** The next frame; undefined when it has ended and none waits. */
  async take(): Promise<Frame | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => this.#takers.push(resolve));
    }
    const frame = this.#waiting.shift();
    this.#bringers = woken(this.#bringers);
    return frame;
  }

  /** No more come. After the stop those that wait are left. */
  end(): void {
    this.#ended = true;
    if (this.#options.stop.aborted) this.#waiting.length = 0;
    this.#takers = woken(this.#takers);
    this.#bringers = woken(this.#bringers);
  }

  /** A steady pace on average, and no burst after a pause. */
  #isEarly(): boolean {
    const { maxFps, now = () => performance.now() } = this.#options;
    if (maxFps === undefined) return false;
    const [nowMs, gapMs] = [now(), 1000 / maxFps];
    if (nowMs < this.#dueMs) return true;
    this.#dueMs = Math.max(this.#dueMs + gapMs, nowMs);
    return false;
  }
}

function woken(waiting: readonly (() => void)[]): [] {
  for (const wake of waiting) wake();
  return [];
}

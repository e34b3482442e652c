/** How long to wait for an answer, and how much may be on one stream at once: learnt from the answers that came. */

export interface PaceOptions {
  /** Before anything is known, and the least ever after. */
  readonly firstMs: number;
  /** A round trip longer than this means that messages wait for each other on the stream. */
  readonly crowdedMs: number;
  /** Messages on one stream at most. */
  readonly most: number;
}

/** Messages on a new stream before its first answer: a slow link must not be filled with more than it passes on in time. */
const FIRST_WINDOW = 4;
const LONGEST_MS = 60_000;

/**
 * Time-outs as RFC 6298 has them (smoothed round trip and four deviations, doubled for each time-out), and a window that grows
 * with each answer in time and halves where answers take too long, at most once a round trip.
 */
export class Pace {
  readonly #options: PaceOptions;
  #smoothedMs: number | undefined;
  #deviationMs = 0;
  #window: number;
  #halvedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.#options = options;
    this.#window = Math.min(FIRST_WINDOW, options.most);
  }

  /** Messages that may be on the stream; at least one. */
  get window(): number {
    return Math.max(1, Math.floor(this.#window));
  }

  /** A new stream: what the old one could carry says nothing. */
  restart(): void {
    this.#window = Math.min(FIRST_WINDOW, this.#options.most);
  }

  /** Of a message that was sent once, so that it is known which copy was answered (Karn's rule). */
  answered(roundTripMs: number, nowMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#deviationMs = roundTripMs / 2;
    } else {
      this.#deviationMs += (Math.abs(roundTripMs - this.#smoothedMs) - this.#deviationMs) / 4;
      this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
    }
    if (roundTripMs > this.#options.crowdedMs) this.crowded(nowMs);
    else if (roundTripMs < this.#options.crowdedMs / 2) this.#window = Math.min(this.#options.most, this.#window + 1);
  }

  /** The stream or the other end cannot take more. */
  crowded(nowMs: number): void {
    if (nowMs - this.#halvedAtMs < (this.#smoothedMs ?? 0)) return;
    this.#halvedAtMs = nowMs;
    this.#window = Math.max(1, this.#window / 2);
  }

  /** @param failures time-outs of this message so far */
  timeoutMs(failures: number): number {
    const known = this.#smoothedMs === undefined ? 0 : this.#smoothedMs + 4 * this.#deviationMs;
    return Math.min(LONGEST_MS, Math.max(this.#options.firstMs, known) * 2 ** Math.min(failures, 16));
  }
}

/** How long to wait before the next try to connect. */
export interface BackoffOptions {
  readonly firstMs?: number;
  readonly maxMs?: number;
  /** A connection that lasted this long proves the broker well. */
  readonly stableMs?: number;
  /** Uniform on [0, 1). */
  readonly random?: () => number;
}

/**
 * Doubles from `firstMs` to `maxMs`, with jitter over the upper half, so that a fleet does not come back as one. A short
 * connection does not reset it: a broker that accepts and drops at once would be hammered.
 */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #tries = 0;

  constructor(options: BackoffOptions = {}) {
    this.#options = { firstMs: 250, maxMs: 30_000, stableMs: 60_000, random: Math.random, ...options };
  }

  /** Tell how long a connection lasted when it ends. */
  lasted(ms: number): void {
    if (ms >= this.#options.stableMs) this.#tries = 0;
  }

  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    const ceiling = Math.min(maxMs, firstMs * 2 ** Math.min(this.#tries++, 30));
    return ceiling * (0.5 + 0.5 * random());
  }
}

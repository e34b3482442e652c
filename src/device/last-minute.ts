/** How long the answers of the last minute took, in bounded memory: what a person who looks now wants to know. */
import { quantile } from '../numeric/index.ts';
import { round } from './record.ts';

const MINUTE_MS = 60_000;
/** Of more answers a minute than these, the latest. */
const MOST = 2048;

export class LastMinute {
  readonly #ms = new Float64Array(MOST);
  readonly #atMs = new Float64Array(MOST);
  readonly #now: () => number;
  #count = 0;

  /** @param now a clock that never goes back, ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  add(ms: number): void {
    const at = this.#count++ % MOST;
    this.#ms[at] = ms;
    this.#atMs[at] = this.#now();
  }

  /** Null of no answers. */
  spread(): { readonly p50: number; readonly p95: number; readonly answers: number } | null {
    const fromMs = this.#now() - MINUTE_MS;
    const kept = Math.min(this.#count, MOST);
    const ms = this.#ms.subarray(0, kept).filter((_, i) => this.#atMs[i]! > fromMs);
    if (ms.length === 0) return null;
    return { p50: round(quantile(ms, 0.5)), p95: round(quantile(ms, 0.95)), answers: ms.length };
  }
}

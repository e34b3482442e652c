/** How long runs take of late: whether a graph is still quick enough to be run where it is called. */
import { quantile } from '../../numeric/index.ts';

/** A run in so many; one slow run is the machine's affair, half of them are the graph's. */
const WINDOW = 32;

export class Pace {
  readonly #mostMs: number;
  readonly #lastMs = new Float64Array(WINDOW);
  #runs = 0;

  constructor(mostMs: number) {
    this.#mostMs = mostMs;
  }

  /** Takes the length of a run; true when the last 32 were too slow, half of them at least. */
  isSlowAfter(ms: number): boolean {
    this.#lastMs[this.#runs++ % WINDOW] = ms;
    return this.#runs % WINDOW === 0 && quantile([...this.#lastMs], 0.5) > this.#mostMs;
  }
}

/** How long inferences took, all of them, in bounded memory. */
import { quantile, Reservoir } from '../numeric/index.ts';
import { Histogram } from '../ops/index.ts';
import { type Latency, round } from './record.ts';

export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const parts = ['total', 'head', 'encode', 'network', 'tail'] as const;

export type Spreads = Readonly<Record<(typeof parts)[number], Spread>>;

/** Of more inferences than this, quantiles are those of a uniform sample of as many: p95 within ± .4 % of ranks. */
const SAMPLE = 10_000;

export class Latencies {
  readonly #reservoir: Reservoir;
  /** A part after the other; all at once, so that an agent that runs for months does not grow. */
  readonly #kept: Float64Array;
  readonly #size: number;
  /** Of the whole way. */
  readonly histogram = new Histogram();
  readonly #max = { total: 0, head: 0, encode: 0, network: 0, tail: 0 };

  /** @param random uniform on [0, 1) */
  constructor(random: () => number, size = SAMPLE) {
    this.#reservoir = new Reservoir(size, random);
    this.#kept = new Float64Array(parts.length * size);
    this.#size = size;
  }

  add(latency: Latency): void {
    const at = this.#reservoir.next();
    this.histogram.addMs(latency.total);
    for (const [p, part] of parts.entries()) {
      this.#max[part] = Math.max(this.#max[part], latency[part]);
      if (at !== undefined) this.#kept[p * this.#size + at] = latency[part];
    }
  }

  /** What the figures are of: all, or so many of them. */
  get from(): { readonly inferences: number; readonly sampled: number } {
    return { inferences: this.#reservoir.seen, sampled: this.#reservoir.kept };
  }

  /** The spread of every part, `max` over all; null of no inferences. */
  spreads(): Spreads | null {
    const { kept, seen } = this.#reservoir;
    if (seen === 0) return null;
    const spread = (part: (typeof parts)[number], p: number): Spread => {
      const values = this.#kept.subarray(p * this.#size, p * this.#size + kept);
      return { p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)), max: round(this.#max[part]) };
    };
    return Object.fromEntries(parts.map((part, p) => [part, spread(part, p)])) as unknown as Spreads;
  }
}

/** How long inferences took, all of them, in bounded memory. */
import { quantile, Reservoir } from '../numeric/index.ts';
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
  readonly #sample: Reservoir<Latency>;
  readonly #max = { total: 0, head: 0, encode: 0, network: 0, tail: 0 };

  /** @param random uniform on [0, 1) */
  constructor(random: () => number, size = SAMPLE) {
    this.#sample = new Reservoir(size, random);
  }

  add(latency: Latency): void {
    this.#sample.add(latency);
    for (const part of parts) this.#max[part] = Math.max(this.#max[part], latency[part]);
  }

  /** What the figures are of: all, or so many of them. */
  get from(): { readonly inferences: number; readonly sampled: number } {
    return { inferences: this.#sample.seen, sampled: this.#sample.kept.length };
  }

  /** The spread of every part, `max` over all; null of no inferences. */
  spreads(): Spreads | null {
    const { kept, seen } = this.#sample;
    if (seen === 0) return null;
    const spread = (part: (typeof parts)[number]): Spread => {
      const values = kept.map((latency) => latency[part]);
      return { p50: round(quantile(values, 0.5)), p95: round(quantile(values, 0.95)), max: round(this.#max[part]) };
    };
    return Object.fromEntries(parts.map((part) => [part, spread(part)])) as unknown as Spreads;
  }
}

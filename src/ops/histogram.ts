/** How many durations were at most how long: what Prometheus makes quantiles of, over any time and any number of devices. */
import type { Metric, Sample } from './metric.ts';

/** Seconds. From a head alone on a fast machine to an answer over a bad link. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class Histogram {
  readonly #counts = new Array<number>(bounds.length + 1).fill(0);
  #sumS = 0;
  #count = 0;

  addMs(ms: number): void {
    const seconds = ms / 1000;
    const at = bounds.findIndex((bound) => seconds <= bound);
    this.#counts[at < 0 ? bounds.length : at]!++;
    this.#sumS += seconds;
    this.#count++;
  }

  metric(name: string, help: string): Metric {
    let below = 0;
    const buckets = this.#counts.map((count, i): Sample => {
      below += count;
      return { suffix: '_bucket', labels: { le: i < bounds.length ? String(bounds[i]) : '+Inf' }, value: below };
    });
    const samples: Sample[] = [
      ...buckets,
      { suffix: '_sum', value: this.#sumS },
      { suffix: '_count', value: this.#count },
    ];
    return { name, help, type: 'histogram', samples };
  }
}

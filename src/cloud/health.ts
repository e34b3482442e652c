/** What a consumer says of itself to whoever watches the fleet, and how loaded it is. */
import { type ConsumerHealth, MOST_PLAN_IDS } from '../ops/index.ts';
import type { Consumer } from './consumer.ts';

export interface HealthOptions {
  readonly name: string;
  readonly planIds: readonly string[];
  readonly everyS: number;
  /** Activations that may be admitted at once. */
  readonly queue: number;
  readonly consumer: Pick<Consumer, 'counts' | 'queued'>;
}

/** Each call tells of the time since the one before. */
export function healthOf(options: HealthOptions): (leaving: boolean) => ConsumerHealth {
  const { name, planIds, everyS, queue, consumer } = options;
  const startMs = performance.now();
  let last = { atMs: startMs, answered: 0, cpu: process.cpuUsage() };
  return (leaving) => {
    const { answered, duplicates, unsent, failures, refused } = consumer.counts;
    const { user, system } = process.cpuUsage(last.cpu);
    const atMs = performance.now();
    const seconds = Math.max(1e-3, (atMs - last.atMs) / 1000);
    const answeredPerS = hundredth((answered - last.answered) / seconds);
    const cpus = hundredth((user + system) / 1e6 / seconds);
    last = { atMs, answered, cpu: process.cpuUsage() };
    return {
      format: 'cutline.health/1',
      of: 'consumer',
      name,
      planIds: planIds.slice(0, MOST_PLAN_IDS),
      uptimeS: Math.round((atMs - startMs) / 1000),
      residentBytes: process.memoryUsage.rss(),
      everyS,
      answered,
      answeredPerS,
      cpus,
      duplicates,
      unsent,
      queue: { ...consumer.queued, most: queue },
      failures: Object.fromEntries(Object.entries(failures).map(([code, n]) => [code, n ?? 0])),
      refused,
      leaving,
    };
  };
}

const hundredth = (value: number): number => Math.round(value * 100) / 100;

/** What agent and consumer tell of themselves. */
import type { Metric } from './metric.ts';

export interface Report {
  /** What it waits for before it can work, for people: `the broker`. Undefined when it waits for nothing. */
  readonly waitsFor: () => string | undefined;
  /** Read when somebody asks. */
  readonly metrics: () => readonly Metric[];
}

/** What is least: the value of a cost for what a plan was asked to save. Planner and device choose by it. Pure. */
import type { Thresholds } from './schema.ts';

/** As far as an objective looks at a cost. */
export interface Costed {
  readonly latencyMs: { readonly total: number; readonly tail: number; readonly p95?: number | null | undefined };
  readonly energyMj: number | null;
  readonly wireBytes: number;
}

/** Lower is better. Infinite where the objective needs what is unknown: an energy, a distribution. */
export function objectiveValue(c: Costed, { objective, weights }: Pick<Thresholds, 'objective' | 'weights'>): number {
  const energyMj = c.energyMj ?? Number.POSITIVE_INFINITY;
  const p95Ms = c.latencyMs.p95 ?? Number.POSITIVE_INFINITY;
  // Of a server: the tail.
  const cloudMs = c.latencyMs.tail;
  switch (objective) {
    case 'latency':
      return c.latencyMs.total;
    case 'p95':
      return p95Ms;
    case 'energy':
      return energyMj;
    case 'bytes':
      return c.wireBytes;
    case 'cloud':
      return cloudMs;
    case 'weights': {
      const { latency = 0, p95 = 0, energy = 0, bytes = 0, cloud = 0 } = weights ?? {};
      // Of what is unknown nothing counts where it is not weighed.
      const unsure = (p95 > 0 ? p95 * p95Ms : 0) + (energy > 0 ? energy * energyMj : 0);
      return latency * c.latencyMs.total + unsure + bytes * c.wireBytes + cloud * cloudMs;
    }
    default:
      return objective satisfies never;
  }
}

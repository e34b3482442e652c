/** What a route would take now: the plan's terms, as far as they were measured since in their place. Pure. */
import type { Telemetry } from './telemetry.ts';
import type { Choice, Terms } from './terms.ts';

export interface Predicted {
  readonly headMs: number;
  readonly encodeMs: number;
  readonly networkMs: number;
  /** With what waits there. */
  readonly tailMs: number;
  readonly totalMs: number;
  /** Of the device, in proportion to the time; null where the plan does not know it. */
  readonly energyMj: number | null;
}

export function predict(route: Terms, { emptyMs }: Pick<Choice, 'emptyMs'>, now: Telemetry): Predicted {
  const headMs = (now.headMs[route.planId] ?? route.headMs) * now.slowdown;
  const encodeMs = route.encodeMs * now.slowdown;
  const networkMs = route.isLocal ? 0 : networkOf(route, emptyMs, now);
  const tailMs = route.isLocal ? 0 : route.tailMs * now.tailFactor + now.waitingMs;
  const totalMs = headMs + encodeMs + networkMs + tailMs;
  const planned = route.headMs + route.encodeMs + route.networkMs + route.tailMs;
  const energyMj = route.energyMj !== null && planned > 0 ? (route.energyMj * totalMs) / planned : route.energyMj;
  return { headMs, encodeMs, networkMs, tailMs, totalMs, energyMj };
}

function networkOf({ networkMs, wireBytes }: Terms, emptyMs: number, { link, beyondMs }: Telemetry): number {
  if (!link) return networkMs;
  const beyond = beyondMs ?? Math.max(0, emptyMs - link.rttMs);
  return link.rttMs + (link.msPerKb * wireBytes) / 1000 + beyond;
}

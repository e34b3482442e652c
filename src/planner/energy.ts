/**
 * Energy of one inference: the board busy while it computes and encodes, idle while it waits, and its radio on top while
 * anything is sent at all.
 */
import type { Cost, Source } from '../plan/index.ts';
import type { Profile } from '../profile/index.ts';
import { worst } from './distribution.ts';

export interface Energy {
  readonly mj: number;
  readonly source: Source;
}

/**
 * @param terms where the latencies come from
 * @returns undefined when a power that is needed is unknown
 */
export function energyOf(
  latency: Cost['latencyMs'],
  wireBytes: number,
  { power }: Profile,
  { link }: Profile,
  terms: readonly Source[],
): Energy | undefined {
  if (!power) return undefined;
  const busy = power.busyW.value * (latency.head + latency.encode);
  if (wireBytes === 0) return { mj: busy, source: worst(power.busyW.source, ...terms) };
  const radio = link?.radio;
  if (!power.idleW || !radio) return undefined;
  const { idleW, sendBaseW, sendWPerMbps } = radio;
  const sendMs = (8e3 * wireBytes) / link.uplinkBps.value;
  const sendW = sendBaseW.value + (sendWPerMbps.value * link.uplinkBps.value) / 1e6;
  const wait = power.idleW.value * (latency.network + latency.tail);
  const air = idleW.value * latency.total + sendW * sendMs;
  const used = [power.busyW, power.idleW, idleW, sendBaseW, sendWPerMbps, link.uplinkBps];
  return { mj: busy + wait + air, source: worst(...used.map((f) => f.source), ...terms) };
}

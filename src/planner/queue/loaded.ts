/** A candidate at a rate of requests: what waits where, and whether it keeps up. The stages are the device, the way up and the cloud. */
import type { Cost, Load, Queueing } from '../../plan/index.ts';
import type { CutFacts } from '../facts.ts';
import type { Profiles } from '../price.ts';
import { type Arrivals, departures, meanWaitMs, type Stage, utilisation, waitP95Ms } from './waiting.ts';

type Place = 'device' | 'link' | 'cloud';

/** What scatters by an amount that nobody measured is taken as exponential: that waits longer than what scatters less. */
const unknownScatter = 1;
const method =
  'GI/G/c by Allen and Cunneen, corrected by Krämer and Langenbach-Belz, stage after stage as in Whitt 1983 (M/G/1 by Pollaczek and Khinchine where arrivals are Poisson and one server works)';

/** The cost with what waits in it; as it was where nothing is asked, and with the waits left out where it does not keep up. */
export function loaded(cost: Cost, cut: CutFacts, profiles: Profiles, load: Load | undefined): Cost {
  if (!load) return cost;
  const queueing = queueingOf(cost, cut, profiles, load);
  if (!queueing.keepsUp) return { ...cost, queueing };
  const { total, p95 } = cost.latencyMs;
  const waiting = sum(Object.values(queueing.waitingMs));
  const beyond = sum(
    Object.values(queueing.p95Ms).map((ms, i) => Math.max(0, ms - Object.values(queueing.waitingMs)[i]!) ** 2),
  );
  // Waits are taken as independent of each other and of the rest, as the terms of a latency are.
  const worst = p95 == null ? null : total + waiting + Math.sqrt((p95 - total) ** 2 + beyond);
  const latencyMs = { ...cost.latencyMs, total: total + waiting, waiting, p50: total + waiting, p95: worst };
  return { ...cost, latencyMs, queueing };
}

function queueingOf(cost: Cost, cut: CutFacts, profiles: Profiles, load: Load): Queueing {
  const { ratePerS, servers = 1, batch = 1, arrivals = 'poisson' } = load;
  const stages = stagesOf(cost, cut, profiles, servers, batch);
  const waitingMs: Record<Place, number> = { device: 0, link: 0, cloud: 0 };
  const p95Ms: Record<Place, number> = { device: 0, link: 0, cloud: 0 };
  const used: Record<Place, number> = { device: 0, link: 0, cloud: 0 };
  let coming: Arrivals = { ratePerS, scatter: arrivals === 'even' ? 0 : 1 };
  let capacityPerS = Number.POSITIVE_INFINITY;
  for (const place of ['device', 'link', 'cloud'] as const) {
    const stage = stages[place];
    if (!stage) continue;
    const size = place === 'cloud' ? batch : 1;
    // Of so many together, the first waits for the last: they come as one, more evenly than each.
    const together = { ratePerS: coming.ratePerS / size, scatter: coming.scatter / size };
    const gathering = ((size - 1) * 1e3) / (2 * coming.ratePerS);
    used[place] = utilisation(stage, together);
    if (stage.serviceMs > 0) capacityPerS = Math.min(capacityPerS, (size * stage.servers * 1e3) / stage.serviceMs);
    // A batch answers none of its own before all: what they wait for each other is waiting.
    const company = size > 1 ? stage.serviceMs - cost.latencyMs.tail : 0;
    waitingMs[place] = meanWaitMs(stage, together) + gathering + company;
    p95Ms[place] = waitP95Ms(stage, together) + 2 * gathering + company;
    coming = departures(stage, coming);
  }
  const keepsUp = Object.values(used).every((rho) => rho < 1);
  const limit = (Object.entries(used) as [Place, number][]).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  const finite = (all: Record<Place, number>) => (keepsUp ? all : { device: 0, link: 0, cloud: 0 });
  return {
    ...{ ratePerS, keepsUp, limit },
    method:
      batch > 1 ? `${method}; batches are reckoned with, and the consumer that ships takes one at a time` : method,
    capacityPerS: Number.isFinite(capacityPerS) ? capacityPerS : null,
    throughputPerS: Math.min(ratePerS, capacityPerS),
    utilisation: used,
    waitingMs: finite(waitingMs),
    p95Ms: finite(p95Ms),
  };
}

/** Undefined where nothing is done. */
function stagesOf(
  { latencyMs, wireBytes }: Cost,
  cut: CutFacts,
  { link, cloud }: Profiles,
  servers: number,
  batch: number,
) {
  const scatter = scatterOf(latencyMs);
  const one = (serviceMs: number): Stage => ({ serviceMs, scatter, servers: 1 });
  const device = one(latencyMs.head + latencyMs.encode);
  if (cut.id === 'output') return { device, link: undefined, cloud: undefined };
  const up = link.link!.uplinkBps.value;
  // Of several together the call is made once; whether their arithmetic gains is not known, so it does not.
  const call = Math.min(cloud.compute?.callOverheadMs.value ?? 0, latencyMs.tail);
  const serviceMs = call + batch * (latencyMs.tail - call);
  return {
    device,
    link: { serviceMs: (8e3 * wireBytes) / up, scatter: 0, servers: 1 },
    cloud: { serviceMs, scatter: scatter / batch, servers },
  };
}

/** As of a lognormal time with this median and ninety-fifth percentile. */
function scatterOf({ total, p95 }: Cost['latencyMs']): number {
  if (p95 == null || total <= 0) return unknownScatter;
  const sigma = Math.max(0, Math.log(p95 / total)) / 1.6449;
  return Math.exp(sigma ** 2) - 1;
}

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);

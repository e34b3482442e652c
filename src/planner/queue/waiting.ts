/**
 * How long work waits before a stage of like servers: Allen–Cunneen's approximation of GI/G/c with the correction of Krämer and
 * Langenbach-Belz for arrivals more even than Poisson's, as in Whitt, "The Queueing Network Analyzer" (1983), §5. Of Poisson arrivals
 * and one server it is Pollaczek–Khinchine, exactly. Pure.
 */

export interface Stage {
  /** Mean time of service, ms. */
  readonly serviceMs: number;
  /** Squared coefficient of variation of it: 0 always the same, 1 exponential. */
  readonly scatter: number;
  readonly servers: number;
}

export interface Arrivals {
  readonly ratePerS: number;
  /** Squared coefficient of variation of the times between: 0 even, 1 Poisson. */
  readonly scatter: number;
}

/** Share of the time that a server works; 1 and more: it never catches up. */
export const utilisation = ({ serviceMs, servers }: Stage, { ratePerS }: Arrivals): number =>
  (ratePerS * serviceMs) / 1e3 / servers;

/** Mean wait, ms; infinite where the stage cannot keep up. */
export function meanWaitMs(stage: Stage, arrivals: Arrivals): number {
  const { serviceMs, scatter, servers } = stage;
  const rho = utilisation(stage, arrivals);
  if (rho === 0) return 0;
  if (rho >= 1) return Number.POSITIVE_INFINITY;
  const both = arrivals.scatter + scatter;
  const markovian = (busyShare(servers, rho) * serviceMs) / (servers * (1 - rho));
  return (both / 2) * markovian * evenness(arrivals.scatter, scatter, rho);
}

/** What nineteen in twenty wait at most: who waits does so for a nearly exponential time (Whitt 1983, §5.2). */
export function waitP95Ms(stage: Stage, arrivals: Arrivals): number {
  const mean = meanWaitMs(stage, arrivals);
  if (!Number.isFinite(mean) || mean === 0) return mean;
  const waits = busyShare(stage.servers, utilisation(stage, arrivals));
  return waits <= 0.05 ? 0 : (mean / waits) * Math.log(waits / 0.05);
}

/** Of what leaves the stage: what the next one sees arrive (Whitt 1983, equation 38). */
export function departures(stage: Stage, arrivals: Arrivals): Arrivals {
  const rho = Math.min(1, utilisation(stage, arrivals));
  const served = (rho ** 2 * (Math.max(stage.scatter, 0.2) - 1)) / Math.sqrt(stage.servers);
  return { ...arrivals, scatter: Math.max(0, 1 + (1 - rho ** 2) * (arrivals.scatter - 1) + served) };
}

/** Erlang's C: the share that finds every server busy. */
function busyShare(servers: number, rho: number): number {
  // Erlang's B by its recurrence, which overflows for no number of servers.
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (rho * servers * blocked) / (n + rho * servers * blocked);
  return blocked / (1 - rho * (1 - blocked));
}

function evenness(arrivals: number, service: number, rho: number): number {
  if (arrivals >= 1 || arrivals + service === 0) return 1;
  return Math.exp((-2 * (1 - rho) * (1 - arrivals) ** 2) / (3 * rho * (arrivals + service)));
}

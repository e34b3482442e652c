/** The best route that is proven safe: hops are attacked only where the best route that is not known to be open goes through them. */
import { CutlineError } from '../../errors.ts';
import type { Leakage, Thresholds } from '../../plan/index.ts';
import type { Option } from '../facts.ts';
import { chargedLeakage, type Findings } from '../leakage.ts';
import { price } from '../price.ts';
import { type AuditCandidate, merged } from '../search.ts';
import { Confirmations, needsNoEvidence } from '../standing.ts';
import { type Search, weigh } from '../weigh.ts';
import { routeProblem } from './problem.ts';
import type { FoundRoute, HopStep, RouteCost } from './route.ts';
import { bestRoute } from './shortest.ts';
import type { Tiers } from './tiers.ts';

export interface Route {
  readonly stages: readonly { readonly tier: string; readonly from: string; readonly to: string }[];
  readonly hops: readonly {
    readonly from: string;
    readonly to: string;
    readonly cut: string;
    readonly defense: string;
    readonly codec: string;
    /** Who sees what is sent and must not see the picture; none where the tier is trusted. */
    readonly observers: readonly string[];
    /** To them; null where there are none. */
    readonly leakage: Leakage | null;
  }[];
  readonly cost: RouteCost;
  /** No tier that is not trusted computes the answer. */
  readonly hidesAnswer: boolean;
}

export interface RouteOutcome {
  readonly route: Route;
  /** Why the runtime cannot run it; undefined where it can. */
  readonly unrunnable: string | undefined;
  readonly audits: number;
}

export interface RouteRequest {
  readonly input: Omit<Search, 'profiles'>;
  readonly tiers: Tiers;
  readonly follows: (from: string, to: string) => boolean;
  readonly findings: Findings;
  /** Without it only what the findings speak for is taken. */
  readonly audit?: AuditCandidate | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** @throws CutlineError ROUTE_OPTION, ROUTE_WITHOUT_EVIDENCE, NO_FEASIBLE_PLAN, PROFILE_LACKS, and what audits throw */
export async function planRoutes(request: RouteRequest): Promise<RouteOutcome> {
  const { input, tiers, follows, audit, signal } = request;
  const { thresholds, protocol, model } = input;
  requireAdding(thresholds, tiers);
  const confirmations = protocol && new Confirmations(protocol, thresholds);
  const refused = new Set<string>();
  let { findings } = request;
  let audits = 0;
  let lacking: { readonly option: Option; readonly problem: string } | undefined;
  for (;;) {
    const known = new Map<string, ReturnType<typeof judge>>();
    const verdict = (option: Option) => {
      const key = keyOf(option);
      if (!known.has(key)) known.set(key, judge(request, findings, option));
      return known.get(key)!;
    };
    const allows = (option: Option) => !refused.has(keyOf(option)) && verdict(option).standing !== 'refused';
    const best = bestRoute(routeProblem(input, tiers, follows, allows));
    if (!best) throw none(lacking);
    const sent = seenHops(best, tiers).map((h) => ({ cut: model.cuts[h.cut]!, defense: h.defense, codec: h.codec }));
    const open = sent.find((option) => verdict(option).standing === 'unknown');
    if (open) {
      if (audit) {
        findings = merged(findings, await audit(open.cut.id, open.defense, signal), { option: open });
        audits++;
        if (judge(request, findings, open).standing !== 'unknown') continue;
      }
      lacking ??= { option: open, problem: verdict(open).reason };
      refused.add(keyOf(open));
      continue;
    }
    const gaps = sent.flatMap((option) =>
      needsNoEvidence(option, thresholds)
        ? []
        : (confirmations?.gaps(option, findings) ?? []).map((gap) => ({ option, gap })),
    );
    const [first] = gaps;
    if (first) {
      if (first.gap.kind === 'less') lacking ??= { option: first.option, problem: first.gap.reason };
      refused.add(keyOf(first.option));
      continue;
    }
    return { route: told(best, request, findings), unrunnable: unrunnable(best, tiers, model.cuts.length), audits };
  }
}

const keyOf = ({ cut, defense, codec }: Option): string => JSON.stringify([cut.id, defense, codec]);

/** By what it shows and what it leaves of the answers; what it costs is the route's. */
function judge({ input, tiers }: RouteRequest, findings: Findings, option: Option) {
  const { threat, maxSsim, maxGain, maxBits, minAccuracy, minAgreement, objective } = input.thresholds;
  const given = { maxGain, maxBits, minAccuracy, minAgreement };
  const asked = Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined));
  const thresholds: Thresholds = { threat, maxSsim, ...asked, objective: objective === 'energy' ? 'latency' : 'bytes' };
  const { profile } = tiers.list[tiers.source]!;
  const link = tiers.list.flatMap((_, i) => tiers.list.flatMap((__, j) => tiers.link(i, j) ?? []))[0]!;
  const profiles = { device: profile, cloud: profile, link };
  const cost = price(option, input.model, profiles);
  const { breaches } = weigh({ ...input, profiles, thresholds }, { option, cost }, findings);
  const reason = breaches.map((b) => b.reason).join(' ');
  if (breaches.length === 0) return { standing: 'accepted' as const, reason };
  return { standing: breaches.every((b) => b.unaudited) ? ('unknown' as const) : ('refused' as const), reason };
}

/** Hops to tiers that are not trusted, but for answers. */
const seenHops = ({ steps }: FoundRoute, tiers: Tiers): HopStep[] =>
  steps.filter((s): s is HopStep => s.kind === 'hop' && !tiers.list[s.to]!.trusted);

function none(lacking: { readonly option: Option; readonly problem: string } | undefined): CutlineError {
  if (!lacking) {
    return new CutlineError('NO_FEASIBLE_PLAN', {
      relax: 'No route over these tiers keeps what is asked for: relax a bound, trust a tier, or join more of them.',
    });
  }
  const { option, problem } = lacking;
  const hop = `cut ${option.cut.id}, defense ${option.defense}, codec ${option.codec}`;
  return new CutlineError('ROUTE_WITHOUT_EVIDENCE', { hop, problem });
}

function told({ steps, cost }: FoundRoute, { input, tiers }: RouteRequest, findings: Findings): Route {
  const { cuts } = input.model;
  const last = cuts.length - 1;
  const stages = steps.flatMap((s) =>
    s.kind === 'stage' ? [{ tier: tiers.list[s.tier]!.name, from: cuts[s.from]!.id, to: cuts[s.to]!.id }] : [],
  );
  const hops = steps.flatMap((s) => {
    if (s.kind === 'stage') return [];
    const [from, to] = [tiers.list[s.from]!, tiers.list[s.to]!];
    const { defense, codec } = s;
    const option = { cut: cuts[s.cut]!, defense, codec };
    const isSeen = !to.trusted && s.cut !== last;
    const leakage = isSeen ? (chargedLeakage(option, findings, input.thresholds.threat, input.shows) ?? null) : null;
    return [
      { from: from.name, to: to.name, cut: option.cut.id, defense, codec, observers: isSeen ? [to.name] : [], leakage },
    ];
  });
  const answering = steps.find((s) => s.kind === 'stage' && s.to === last);
  const hidesAnswer = answering?.kind === 'stage' && tiers.list[answering.tier]!.trusted;
  return { stages, hops, cost, hidesAnswer };
}

/** The runtime has a device and one other tier, which answers. */
function unrunnable({ steps }: FoundRoute, { list, source, goal }: Tiers, cuts: number): string | undefined {
  const hops = steps.filter((s): s is HopStep => s.kind === 'hop');
  if (goal !== source) return `its answer goes to ${list[goal]!.name}, not back to ${list[source]!.name}`;
  if (hops.length === 0) return undefined;
  const [first, second] = hops;
  const isBack = second?.cut === cuts - 1 && second.to === source;
  if (hops.length === 2 && isBack && first!.cut < cuts - 1) return undefined;
  const way = hops.map((h) => `${list[h.from]!.name} → ${list[h.to]!.name}`).join(', ');
  return `it has ${hops.length} hops (${way})`;
}

/** @throws CutlineError ROUTE_OPTION, PROFILE_LACKS */
function requireAdding(t: Thresholds, { list, source, link }: Tiers): void {
  const refuse = (option: string, remedy: string): never => {
    throw new CutlineError('ROUTE_OPTION', { option, remedy });
  };
  if (t.objective === 'p95' || (t.weights?.p95 ?? 0) > 0) refuse('--objective p95', 'take latency.');
  if (t.maxP95Ms !== undefined) refuse('--max-p95-ms', 'take --max-latency-ms.');
  if (t.load) refuse('--rate', 'plan device, cloud and link by themselves.');
  if (t.maxMemoryBytes !== undefined) refuse('--max-memory-bytes', 'take --max-download-bytes.');
  if (t.at !== undefined) refuse('--at', 'plan device, cloud and link by themselves.');
  const needsEnergy = t.maxEnergyMj !== undefined || t.objective === 'energy' || (t.weights?.energy ?? 0) > 0;
  const { profile } = list[source]!;
  const remedy = 'Measure it: cutline profile --out FILE, on that machine.';
  if (needsEnergy && !profile.power?.idleW)
    throw new CutlineError('PROFILE_LACKS', { name: profile.name, what: 'power', remedy });
  const silent = needsEnergy && list.map((_, to) => link(source, to)).find((l) => l && !l.link!.radio);
  if (silent) throw new CutlineError('PROFILE_LACKS', { name: silent.name, what: 'the power of its radio', remedy });
}

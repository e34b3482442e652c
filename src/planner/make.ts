/** One planning run: calibrate on pictures where there are any, search, and answer with the plan or what has to give. */
import { carriesCodes } from '../codecs.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import { type Cut, cutOrder, type FixedInput, type Graph, type Tensors } from '../model/index.ts';
import { type CodecName, idOfPlan, type Plan, type Protocol, type Thresholds } from '../plan/index.ts';
import { compileMechanism, showsOrder } from '../privacy/mechanisms/index.ts';
import type { AuditFindings } from './audit.ts';
import { type Beside, besideOf } from './beside/index.ts';
import { type Pace, scaled } from './beside/scaled.ts';
import { calibrate } from './calibrate.ts';
import { capAt, codesAt } from './code.ts';
import { refuseContradictions } from './contradict.ts';
import { lazily } from './lazily.ts';
import type { Findings } from './leakage.ts';
import type { Sample } from './measure/sample.ts';
import { modelFacts, plannableCuts } from './model-facts.ts';
import type { Profiles } from './price.ts';
import { type AtPace, elsewhere, type Ranged, routesBeside, worstPace } from './ranged.ts';
import { routeAt } from './route-at.ts';
import { planRoutes, type RouteOutcome, type Tiers } from './routes/index.ts';
import { type AuditCandidate, type LazySearchResult, type SearchResult, search } from './search.ts';
import { Confirmations } from './standing.ts';
import type { Search } from './weigh.ts';

export interface PlanRequest {
  readonly model: {
    readonly name: string;
    readonly sha256: string;
    /** Inputs that are part of the graph, and were not in the file. */
    readonly fixed?: readonly FixedInput[];
    /** With every shape known. */
    readonly graph: Graph;
    readonly cuts: readonly Cut[];
  };
  readonly profiles: Profiles;
  readonly thresholds: Thresholds;
  /** What the evidence must have done. */
  readonly protocol: Protocol;
  readonly codecs: readonly CodecName[];
  /** As `--defense` takes them; scales like `0.5x` need pictures. Without any: what the audit looked at, or `none`. */
  readonly defenses: readonly string[];
  readonly maxPacketBytes?: number;
  /** A finished audit of this model. */
  readonly audit?: AuditFindings;
  /** The user's pictures, for calibration and for audits on demand. */
  readonly pictures?: {
    /** A few, one picture each, not among the victims. */
    readonly calibration: readonly Tensors[];
    readonly dataSha256: string;
    /** Who was attacked; known once something was. */
    readonly victims: () => { readonly count: number; readonly sha256: string } | undefined;
    readonly seed: number;
    /** The canonical spec at a cut, what it leaves open measured on pictures: as an audit of these data measures it. */
    readonly resolve: (cut: string, defense: string) => Promise<string>;
    /** Of the whole model, where it was measured. */
    readonly accuracy?: number;
    readonly audit: AuditCandidate;
    /** What codecs lose is measured on: of the split that the network was not trained on. Without it nobody measures. */
    readonly sample?: Sample;
  };
  readonly picture: Plan['picture'];
  /** A plan for a range of bandwidths and speeds instead of one for what the profiles say. */
  readonly ranged?: Ranged | undefined;
  readonly created: Date;
  readonly engine: Engine;
  readonly signal?: AbortSignal;
  readonly onAudit?: (step: { readonly cut: string; readonly defense: string; readonly done: number }) => void;
}

export interface PlanOutcome {
  readonly result: SearchResult;
  readonly beside: Beside;
  /** What was searched, and what was known in the end. */
  readonly searched: { readonly input: Search; readonly findings: Findings };
  /** Undefined when nothing is feasible. */
  readonly plan: Plan | undefined;
  /** Encoded ONNX beside the plan. */
  readonly head: Uint8Array | null;
  readonly tail: Uint8Array | null;
  /** Of the other routes of its safe set, by file. */
  readonly parts: readonly { readonly file: string; readonly data: Uint8Array }[];
  readonly ranged: Ranged | undefined;
  /** What was chosen where in the range; empty without one. */
  readonly atPaces: readonly AtPace[];
  /** The audit that the search made itself, as `cutline audit --json` would print it. */
  readonly auditDocument: string | undefined;
  readonly audits: LazySearchResult['audits'];
}

/** @throws CutlineError PROFILE_LACKS, and what calibration and audits throw */
export async function makePlan(request: PlanRequest): Promise<PlanOutcome> {
  const { profiles, thresholds, protocol, pictures } = request;
  const model = { ...request.model, cuts: plannableCuts(request.model.cuts) };
  refuseContradictions(thresholds);
  requireProfiles(profiles);
  const { ranged } = request;
  const searched = await searchFor(request, model);
  const worst = ranged?.as === 'robust' ? worstPace(ranged) : undefined;
  const input: Search = { ...searched, profiles: worst ? scaled(profiles, worst) : profiles };
  const others = ranged?.as === 'safe-set' ? elsewhere(ranged) : [];
  // All that is confirmed for one plan shares the error, wherever in the range it was chosen.
  const sharing = others.length === 0 ? input : { ...input, confirmations: new Confirmations(protocol, thresholds) };
  const { result, known, findings, auditDocument, audits, atPaces } = pictures
    ? await lazily(sharing, request, pictures, others)
    : eagerly(sharing, request.audit, others);
  const { chosen } = result;
  const beside = besideOf(input, result, known);
  const places = worst ? [{ pace: worst, chosen }] : atPaces;
  const made = { result, beside, searched: { input, findings: known }, auditDocument, audits, ranged, atPaces: places };
  if (!chosen) return { ...made, plan: undefined, head: null, tail: null, parts: [] };
  // What is predicted is for the profiles as they are, wherever it was chosen.
  const nominal = { ...input, profiles };
  const proof = { protocol, audit: findings };
  const common = {
    model: { name: model.name, sha256: model.sha256, ...(model.fixed?.length && { fixed: model.fixed }) },
    picture: request.picture,
    profiles: { device: profiles.device.name, cloud: profiles.cloud.name, link: profiles.link.name },
    created: request.created,
    serial: request.created.getTime(),
  };
  const about = { input: nominal, model, thresholds, proof, common };
  const own = routeAt(chosen, 1, about);
  if (ranged?.as !== 'safe-set') return { ...made, ...own, parts: [] };
  const { safeSet, parts } = routesBeside(chosen, result, atPaces, (candidate, n) => routeAt(candidate, n, about));
  if (safeSet.length === 0) return { ...made, ...own, parts: [] };
  const { planId: _, ...rest } = { ...own.plan, safeSet };
  const { format, ...fields } = rest;
  return { ...made, ...own, parts, plan: { format, planId: idOfPlan(rest), ...fields } };
}

function eagerly(input: Search, audit: AuditFindings | undefined, others: readonly Pace[]) {
  const known = audit ?? nothing;
  const result = search(input, known);
  const at = (pace: Pace) => search({ ...input, profiles: scaled(input.profiles, pace) }, known).chosen;
  const atPaces = others.map((pace) => ({ pace, chosen: at(pace) }));
  return { result, known, findings: audit, auditDocument: undefined, audits: none, atPaces };
}

/** What is searched, whatever the profiles: what cuts cost and send, measured where there are pictures. */
async function searchFor(
  request: Omit<PlanRequest, 'profiles'>,
  model: PlanRequest['model'],
): Promise<Omit<Search, 'profiles'>> {
  const { thresholds, protocol, codecs, pictures, engine, signal } = request;
  const calibration = pictures
    ? await calibrate(engine, model.graph, model.cuts, pictures.calibration, codecs, {
        pixels: request.picture?.preprocessing,
        signal,
      })
    : undefined;
  const codes = codecs.some(carriesCodes)
    ? await codesAt(engine, model.graph, model.cuts, pictures?.calibration ?? [], signal)
    : undefined;
  const identity = { sha256: model.sha256, ...(model.fixed?.length && { fixed: model.fixed }) };
  const measured = (cut: string) => calibration?.get(cut)?.payloadBytes;
  const defenses = new Map<string, readonly string[]>();
  const { at } = thresholds;
  // Noise is scaled where it may be taken.
  for (const cut of model.cuts)
    if (at === undefined || cut.id === at) defenses.set(cut.id, await defensesAt(cut, request));
  const facts = { ...modelFacts(model.graph, model.sha256, model.cuts, measured, codes), ...identity };
  return {
    model: facts,
    thresholds,
    protocol,
    shows: showsOrder(orderOf(model)),
    caps: capAt,
    codecs,
    defenses: (id) => defenses.get(id) ?? ['none'],
    ...(request.maxPacketBytes !== undefined && { maxPacketBytes: request.maxPacketBytes }),
  };
}

/** The best route over tiers instead. @throws CutlineError what `planRoutes` throws */
export async function makeRoute(request: Omit<PlanRequest, 'profiles'>, tiers: Tiers): Promise<RouteOutcome> {
  const model = { ...request.model, cuts: plannableCuts(request.model.cuts) };
  refuseContradictions(request.thresholds);
  return planRoutes({
    input: await searchFor(request, model),
    tiers,
    follows: orderOf(model),
    findings: request.audit ?? nothing,
    audit: request.pictures?.audit,
    signal: request.signal,
  });
}

const [nothing, none] = [{ leakage: [], results: [] } as Findings, { run: 0, saved: 0 }];

/** `none` always; what was asked for, made absolute at this cut; without a wish, what the audit tried at this cut. */
async function defensesAt(
  cut: Cut,
  { defenses, audit, pictures }: Omit<PlanRequest, 'profiles'>,
): Promise<readonly string[]> {
  if (cut.id === 'input' || cut.id === 'output') return ['none'];
  if (defenses.length === 0) {
    const audited = audit?.leakage.filter((e) => e.cut === cut.id).map((e) => e.defense) ?? [];
    return [...new Set(['none', ...audited])];
  }
  // Mechanisms are defined on float32 alone.
  if (!cut.tensors.every((t) => t.dtype === 'float32')) return ['none'];
  const resolve = pictures?.resolve ?? (async (_: string, defense: string) => compileMechanism(defense).spec);
  const resolved = await Promise.all(defenses.map((defense) => resolve(cut.id, defense)));
  return [...new Set(['none', ...resolved])];
}

/** Whether the second cut can be computed from the first. */
function orderOf({ graph, cuts }: PlanRequest['model']): (from: string, to: string) => boolean {
  const follows = cutOrder(graph);
  const byId = new Map(cuts.map((c) => [c.id, c]));
  return (from, to) => {
    const [a, b] = [byId.get(from), byId.get(to)];
    return a !== undefined && b !== undefined && follows(a, b);
  };
}

function requireProfiles({ device, cloud, link }: Profiles): void {
  const remedy = 'Measure it: cutline profile --out FILE, on that machine.';
  for (const profile of [device, cloud]) {
    if (!profile.compute)
      throw new CutlineError('PROFILE_LACKS', { name: profile.name, what: 'speeds (compute)', remedy });
  }
  if (!link.link) {
    const measure =
      'Measure it: cutline profile --broker URL --out FILE, or take a shipped one (link-wifi, link-ethernet).';
    throw new CutlineError('PROFILE_LACKS', { name: link.name, what: 'a link', remedy: measure });
  }
}

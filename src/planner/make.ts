/** One planning run: calibrate on pictures where there are any, search, and answer with the plan or what has to give. */
import { createHash } from 'node:crypto';
import { carriesCodes, carriesPictures, isLossless } from '../codecs.ts';
import type { Engine } from '../engine/index.ts';
import { CutlineError } from '../errors.ts';
import {
  type Cut,
  cutOrder,
  encodeModel,
  type FixedInput,
  type Graph,
  modelSha256,
  type Tensors,
} from '../model/index.ts';
import { type CodecName, type Plan, type Protocol, protocolSha256, type Thresholds } from '../plan/index.ts';
import { compileMechanism, showsOrder } from '../privacy/mechanisms/index.ts';
import type { AuditFindings } from './audit.ts';
import { type Beside, besideOf } from './beside/index.ts';
import { calibrate } from './calibrate.ts';
import { capAt, codesAt } from './code.ts';
import { refuseContradictions } from './contradict.ts';
import { fits } from './facts.ts';
import type { Findings } from './leakage.ts';
import { measureReading } from './measure/reading.ts';
import type { Sample } from './measure/sample.ts';
import { utilityMeasurer } from './measure/utility.ts';
import { answerOf, modelFacts, partsOf, plannableCuts } from './model-facts.ts';
import { planOf } from './plan.ts';
import type { Profiles } from './price.ts';
import { planRoutes, type RouteOutcome, type Tiers } from './routes/index.ts';
import { type AuditCandidate, type LazySearchResult, type SearchResult, search, searchLazily } from './search.ts';
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
  const input: Search = { ...(await searchFor(request, model)), profiles };
  const { result, known, findings, auditDocument, audits } = pictures
    ? await lazily(input, request, pictures)
    : {
        result: search(input, request.audit ?? nothing),
        known: request.audit ?? nothing,
        findings: request.audit,
        auditDocument: undefined,
        audits: none,
      };
  const { chosen } = result;
  const beside = besideOf(input, result, known);
  const made = { result, beside, searched: { input, findings: known }, auditDocument, audits };
  if (!chosen) return { ...made, plan: undefined, head: null, tail: null };
  const cut = model.cuts.find((c) => c.id === chosen.cut)!;
  const parts = partsOf(model.graph, cut);
  const [head, tail] = [parts.head, parts.tail].map((graph) => graph && encodeModel(graph)) as [Part, Part];
  const option = { cut: input.model.cuts.find((c) => c.id === cut.id)!, defense: chosen.defense, codec: chosen.codec };
  const plan = planOf(
    chosen,
    thresholds,
    { option, protocol, audit: findings },
    {
      model: { name: model.name, sha256: model.sha256, ...(model.fixed?.length && { fixed: model.fixed }) },
      cut: { id: cut.id, tensors: option.cut.tensors.map((t) => ({ ...t, shape: [...t.shape] })) },
      head: head && { file: 'head.onnx', sha256: modelSha256(head), bytes: head.length },
      tail: tail && { file: 'tail.onnx', sha256: modelSha256(tail), bytes: tail.length },
      answer: parts.tail ? answerOf(parts.tail) : undefined,
      picture: request.picture,
      profiles: { device: profiles.device.name, cloud: profiles.cloud.name, link: profiles.link.name },
      created: request.created,
      serial: request.created.getTime(),
    },
  );
  return { ...made, plan, head, tail };
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

type Part = Uint8Array | null;
const [nothing, none] = [{ leakage: [], results: [] } as Findings, { run: 0, saved: 0 }];

/** Audits made here become a document of their own, so that the plan has something to name as evidence. */
async function lazily(input: Search, request: PlanRequest, pictures: NonNullable<PlanRequest['pictures']>) {
  const { audit, signal, onAudit, engine, model, codecs } = request;
  const { sample } = pictures;
  const cutNamed = (id: string) => model.cuts.find((c) => c.id === id)!;
  const measure = sample && utilityMeasurer(engine, model.graph, sample);
  const read = sample ? await Promise.all(readCodecs(input, codecs).map((codec) => measureReading(codec, sample))) : [];
  // The strongest rival of any split is the picture in few bytes: what it costs in answers is measured whether or not it is asked for.
  const rival = smallestPicture(input, codecs);
  const utility = measure && rival ? [await measure(cutNamed('input'), 'none', rival, signal)] : [];
  const lazy = await searchLazily(input, pictures.audit, {
    known: {
      leakage: audit?.leakage ?? [],
      results: audit?.results ?? [],
      ...(audit?.failed && { failed: audit.failed }),
      ...(audit?.skipped && { skipped: audit.skipped }),
      confirmation: audit?.confirmation,
      ...(pictures.accuracy !== undefined && { wholeAccuracy: pictures.accuracy }),
      reading: read.filter((r) => r !== undefined),
      utility,
    },
    ...(measure && {
      measure: (cut, defense, codec, stop) => measure(model.cuts.find((c) => c.id === cut)!, defense, codec, stop),
    }),
    ...(signal && { signal }),
    ...(onAudit && { onAudit }),
  });
  const found = { result: lazy, known: lazy.findings, audits: lazy.audits };
  if (lazy.audits.run === 0) return { ...found, findings: audit, auditDocument: undefined };
  const { results, leakage, failed = [], skipped = [], confirmation, budget } = lazy.findings;
  const { dataSha256, seed } = pictures;
  const victims = pictures.victims();
  const document = {
    format: 'cutline.audit/1',
    model: { sha256: request.model.sha256, ...(request.model.fixed?.length && { fixed: request.model.fixed }) },
    protocol: { name: request.protocol.name, sha256: protocolSha256(request.protocol) },
    results,
    leakage,
    failed,
    ...(skipped.length > 0 && { skipped }),
    ...(confirmation && { confirmation }),
    ...(budget && { budget }),
    data: { sha256: dataSha256, ...(victims && { victims }) },
    seed,
  };
  const auditDocument = `${JSON.stringify(document, null, 2)}\n`;
  const auditSha256 = createHash('sha256').update(auditDocument).digest('hex');
  const findings: AuditFindings = {
    results,
    leakage,
    failed,
    skipped,
    confirmation,
    dataSha256,
    victimsSha256: victims?.sha256,
    seed,
    auditSha256,
  };
  return { ...found, findings, auditDocument };
}

/** What the picture itself is offered in: nothing that loses nothing need be looked at. */
const readCodecs = ({ model }: Search, codecs: readonly CodecName[]): CodecName[] => {
  const input = model.cuts.find((c) => c.id === 'input');
  return input ? codecs.filter((c) => !isLossless(c) && fits(c, input, 'none')) : [];
};

/** By the bytes that were measured; undefined where no codec of pictures fits. */
function smallestPicture({ model }: Search, codecs: readonly CodecName[]): CodecName | undefined {
  const input = model.cuts.find((c) => c.id === 'input');
  const known = codecs.filter((c) => carriesPictures(c) && input?.payloadBytes?.[c] !== undefined);
  return known.sort((a, b) => input!.payloadBytes![a]! - input!.payloadBytes![b]!)[0];
}

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

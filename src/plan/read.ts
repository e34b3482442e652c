/** Reads a plan and holds it against what is here. What fails is refused before a byte is sent. */
import { canonicalSha256 } from '../canonical.ts';
import { CutlineError } from '../errors.ts';
import { check, readDocument } from '../validate.ts';
import type { Evidence } from './evidence.ts';
import { confidenceFor, gapsOf, missingObservations } from './gaps.ts';
import type { Protocol } from './protocol.ts';
import { nameIn, routesOf } from './safe-set.ts';
import { type Plan, planSchema, withoutSearch } from './schema.ts';

/** @throws CutlineError FILE_NOT_FOUND, PLAN_INVALID with the path of every wrong or unknown key. */
export async function readPlan(path: string): Promise<Plan> {
  return readDocument(path, planSchema, { code: 'PLAN_INVALID' });
}

/** A plan that came over a wire or from memory; `origin` says from where, for the message. @throws CutlineError PLAN_INVALID */
export function parsePlan(value: unknown, origin: string): Plan {
  return check(value, planSchema, origin, 'PLAN_INVALID');
}

/** Derived from everything else that plan.json holds but the signature: two equal plans have one id. */
export function idOfPlan(plan: Omit<Plan, 'planId'>): string {
  const { planId: _, signature: _s, ...rest } = withoutSearch(plan as Plan);
  return canonicalSha256(rest).slice(0, 32);
}

/** The ids of the plan and its routes are digests of the rest: it fails where anybody wrote in the file. @throws CutlineError PLAN_ALTERED */
export function verifyId(plan: Plan): void {
  for (const one of [...(plan.safeSet ?? []), plan]) {
    const found = idOfPlan(one);
    if (found === one.planId) continue;
    const problem = `its content has the id ${found}, so it was changed after it was made`;
    throw new CutlineError('PLAN_ALTERED', { plan: nameIn(plan, one), problem });
  }
}

export interface Holdings {
  readonly modelSha256?: string;
  /** Digest of the head that lies here. */
  readonly headSha256?: string;
  readonly tailSha256?: string;
  /** What an audit must have done: the evidence of every route is held against it. Without one nobody here asks for evidence. */
  readonly protocol?: Protocol;
}

/**
 * Digests are of the plan's own parts; those of a safe set are held against their own routes (`routesOf`).
 * @throws CutlineError PLAN_OTHER_MODEL, PLAN_OTHER_FILE, PLAN_WITHOUT_EVIDENCE, PLAN_WEAKER_EVIDENCE
 */
export function verifyPlan(plan: Plan, { modelSha256, headSha256, tailSha256, protocol }: Holdings = {}): void {
  if (modelSha256 !== undefined && modelSha256 !== plan.model.sha256) {
    throw new CutlineError('PLAN_OTHER_MODEL', { wanted: plan.model.sha256, found: modelSha256 });
  }
  verifyPart('head', plan.head, headSha256);
  verifyPart('tail', plan.tail, tailSha256);
  if (!protocol) return;
  for (const route of routesOf(plan)) {
    const gap = evidenceGap(route, protocol);
    if (!gap) continue;
    const about = { plan: nameIn(plan, route), protocol: protocol.name, problem: gap.problem };
    throw new CutlineError(gap.weaker ? 'PLAN_WEAKER_EVIDENCE' : 'PLAN_WITHOUT_EVIDENCE', about);
  }
}

function verifyPart(part: 'head' | 'tail', wanted: Plan['head'], found: string | undefined): void {
  if (found === undefined || found === wanted?.sha256) return;
  throw new CutlineError('PLAN_OTHER_FILE', { part, wanted: wanted?.sha256 ?? 'none', found });
}

export interface EvidenceGap {
  /** The audit did less than is demanded; more of it may help. */
  readonly weaker: boolean;
  /** Part of a sentence. */
  readonly problem: string;
}

/** Why its evidence does not let the plan's own route through by this protocol; undefined when it does. */
export function evidenceGap(plan: Plan, protocol: Protocol): EvidenceGap | undefined {
  const { threat } = plan.thresholds;
  // Nothing is sent, or the owner allowed the cloud to see everything.
  if (plan.cut.id === 'output' || plan.thresholds.maxSsim >= 1) return undefined;
  const missing = (problem: string): EvidenceGap => ({ weaker: false, problem });
  const entries = plan.evidence.filter((e) => e.hop === 0 && e.observer.threat === threat);
  if (plan.evidence.length === 0) return missing(`it allows SSIM ${plan.thresholds.maxSsim} and names no audit`);
  if (entries.length === 0) {
    return missing(`it has no evidence for threat ${threat}, which it promises`);
  }
  const [unseen] = missingObservations(protocol, entries);
  if (unseen !== undefined) return { weaker: true, problem: `no evidence for ${unseen} observations of a scene` };
  for (const entry of entries) {
    const gap = unfit(entry, plan) ?? unconfirmed(entry, protocol);
    if (gap) return gap;
    const { maxSsim, maxGain } = plan.thresholds;
    const victims = protocol.confirmation?.victims ?? protocol.victims;
    const [first] = gapsOf(entry, protocol, { victims, maxSsim, maxGain });
    if (first) return { weaker: first.kind === 'less', problem: lowered(first.reason) };
  }
  return undefined;
}

function unfit(e: Evidence, { cut, defense, codec }: Plan): EvidenceGap | undefined {
  const other = (what: string, found: string, wanted: string): EvidenceGap => ({
    weaker: false,
    problem: `its evidence is for ${what} ${found}, the plan uses ${wanted}`,
  });
  if (e.cut !== cut.id) return other('cut', e.cut, cut.id);
  if (e.defense !== defense) return other('defense', e.defense, defense);
  // A codec throws information away, never adds any: float32's leakage bounds every codec's.
  if (e.codec !== codec && e.codec !== 'float32') return other('codec', e.codec, codec);
  return undefined;
}

function unconfirmed({ confirmation: found }: Evidence, protocol: Protocol): EvidenceGap | undefined {
  const demanded = protocol.confirmation;
  if (!demanded) return undefined;
  const weaker = (problem: string): EvidenceGap => ({ weaker: true, problem });
  if (!found) return weaker('what the search chose was not confirmed on victims that it never saw');
  if (found.images < demanded.victims) return weaker(`${found.images} confirming victims of ${demanded.victims}`);
  const least = confidenceFor(protocol)!;
  if (found.confidence < least - 1e-9) return weaker(`its confirmation has confidence ${found.confidence} of ${least}`);
  return undefined;
}

const lowered = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');

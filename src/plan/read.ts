/** Reads a plan and holds it against what is here. What fails is refused before a byte is sent. */
import { CutlineError } from '../errors.ts';
import { check, readDocument } from '../validate.ts';
import { type Plan, planSchema } from './schema.ts';

/** @throws CutlineError FILE_NOT_FOUND, PLAN_INVALID with the path of every wrong or unknown key. */
export async function readPlan(path: string): Promise<Plan> {
  return readDocument(path, planSchema, { code: 'PLAN_INVALID' });
}

/** A plan that came over a wire or from memory; `origin` says from where, for the message. @throws CutlineError PLAN_INVALID */
export function parsePlan(value: unknown, origin: string): Plan {
  return check(value, planSchema, origin, 'PLAN_INVALID');
}

export interface Holdings {
  readonly modelSha256?: string;
  /** Digest of the head that lies here. */
  readonly headSha256?: string;
  readonly tailSha256?: string;
  /** Refuse a plan whose evidence does not prove its threshold. Default true. */
  readonly requireEvidence?: boolean;
}

/** @throws CutlineError PLAN_OTHER_MODEL, PLAN_OTHER_FILE, PLAN_WITHOUT_EVIDENCE */
export function verifyPlan(plan: Plan, holdings: Holdings = {}): void {
  const { modelSha256, headSha256, tailSha256, requireEvidence = true } = holdings;
  if (modelSha256 !== undefined && modelSha256 !== plan.model.sha256) {
    throw new CutlineError('PLAN_OTHER_MODEL', { wanted: plan.model.sha256, found: modelSha256 });
  }
  verifyPart('head', plan.head, headSha256);
  verifyPart('tail', plan.tail, tailSha256);
  const gap = requireEvidence ? evidenceGap(plan) : undefined;
  if (gap !== undefined) throw new CutlineError('PLAN_WITHOUT_EVIDENCE', { plan: plan.planId, problem: gap });
}

function verifyPart(part: 'head' | 'tail', wanted: Plan['head'], found: string | undefined): void {
  if (found === undefined || found === wanted?.sha256) return;
  throw new CutlineError('PLAN_OTHER_FILE', { part, wanted: wanted?.sha256 ?? 'none', found });
}

/** Why the evidence does not prove the threshold, as part of a sentence; undefined when it does. */
export function evidenceGap(plan: Plan): string | undefined {
  const { threat, maxSsim } = plan.thresholds;
  // Nothing is sent, or the owner allowed the cloud to see everything.
  if (plan.cut.id === 'output' || maxSsim >= 1) return undefined;
  const e = plan.evidence;
  if (!e) return `it allows SSIM ${maxSsim} and names no audit`;
  if (e.cut !== plan.cut.id) return `its evidence is for cut ${e.cut}, the plan cuts at ${plan.cut.id}`;
  if (e.defense !== plan.defense) return `its evidence is for defense ${e.defense}, the plan uses ${plan.defense}`;
  // A codec throws information away, never adds any: float32's leakage bounds every codec's.
  if (e.codec !== plan.codec && e.codec !== 'float32') {
    return `its evidence is for codec ${e.codec}, the plan uses ${plan.codec}`;
  }
  if (e.threat !== threat) return `its evidence is for threat ${e.threat}, the plan promises ${threat}`;
  if (e.ssim.high > maxSsim) return `it allows SSIM ${maxSsim} and its evidence shows up to ${e.ssim.high}`;
  return undefined;
}

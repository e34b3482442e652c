/** Opens what a plan names and holds it against the plan: files by their digests, evidence by making it again from the audit. */
import { canonicalJson } from '../canonical.ts';
import { CutlineError } from '../errors.ts';
import { type Cut, encodeModel, type Graph, modelSha256 } from '../model/index.ts';
import type { Plan, Protocol } from '../plan/index.ts';
import type { AuditFindings } from './audit.ts';
import { answerOf, partsOf } from './model-facts.ts';
import { evidenceFor } from './plan.ts';

/**
 * The figures of the plan are those of this audit, and no others.
 * @param protocol as the evidence names it
 * @throws CutlineError PLAN_ALTERED, PLAN_OTHER_AUDIT
 */
export function verifyEvidence(plan: Plan, audit: AuditFindings, protocol: Protocol): void {
  for (const { auditSha256 } of plan.evidence) {
    if (auditSha256 === audit.auditSha256) continue;
    throw new CutlineError('PLAN_OTHER_AUDIT', { wanted: auditSha256, found: audit.auditSha256 });
  }
  const option = { cut: plan.cut, defense: plan.defense, codec: plan.codec };
  const made = evidenceFor(plan.thresholds, { option, protocol, audit });
  if (canonicalJson(made) !== canonicalJson(plan.evidence)) {
    throw new CutlineError('PLAN_ALTERED', {
      plan: plan.planId,
      problem: 'its evidence is not what the audit says of this cut, defense and codec',
    });
  }
}

/**
 * Head and tail are those of this model at the plan's cut.
 * @param cut of the model; undefined where it has none of this id
 * @throws CutlineError PLAN_ALTERED
 */
export function verifyParts(plan: Plan, graph: Graph, cut: Cut | undefined): void {
  const altered = (problem: string) => new CutlineError('PLAN_ALTERED', { plan: plan.planId, problem });
  if (!cut) throw altered(`the model has no cut ${plan.cut.id}`);
  const parts = partsOf(graph, cut);
  for (const name of ['head', 'tail'] as const) {
    const made = parts[name];
    const sha256 = made && modelSha256(encodeModel(made));
    if (sha256 !== (plan[name]?.sha256 ?? null))
      throw altered(`its ${name} is not the ${name} of this model at ${plan.cut.id}`);
  }
  const answer = parts.tail ? answerOf(parts.tail) : undefined;
  if (canonicalJson(answer ?? null) !== canonicalJson(plan.answer ?? null))
    throw altered('the answer it expects is not what its tail gives');
}

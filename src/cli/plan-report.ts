/** `cutline plan --report`: what was planned, as a page that can plan it again. */
import { pageProgram } from '../page-program.ts';
import type { Protocol, Thresholds } from '../plan/index.ts';
import { conflictText, type PlanOutcome, recordedSearch, relaxationText } from '../planner/index.ts';
import { htmlReport, seenPictures } from '../report/index.ts';
import type { PlanAuditor } from './plan-pictures.ts';

export interface PlanReport {
  readonly model: { readonly name: string; readonly sha256: string };
  readonly data: { readonly name: string; readonly sha256: string };
  readonly protocol: Protocol;
  readonly thresholds: Thresholds;
  readonly created: Date;
  /** What attackers saw, where somebody attacked here. */
  readonly seen: ReturnType<PlanAuditor['seen']>;
}

/** @returns an HTML document that asks nobody for anything */
export async function planReport(outcome: PlanOutcome, about: PlanReport): Promise<string> {
  const { result, beside, searched, plan, audits } = outcome;
  const { input, findings } = searched;
  const { model, data, protocol, thresholds, created, seen } = about;
  const { device, cloud, link } = input.profiles;
  const victims = Math.max(0, ...findings.results.map((r) => r.images));
  return htmlReport({
    title: `Plan of ${model.name}`,
    created: created.toISOString(),
    model,
    data: { ...data, victims },
    plan: {
      chosen: result.chosen,
      candidates: result.candidates,
      thresholds,
      protocol,
      ...(plan && { evidence: plan.evidence }),
      ...(audits.run + audits.saved > 0 && { audits }),
      alternatives: beside.alternatives,
      costOnly: beside.costOnly,
      collapsed: beside.collapsed,
      relaxation: conflictText(result.conflict) + relaxationText(result.relaxation),
    },
    // What guesses score is not read here.
    attacks: findings.results.map(({ baseline: _, labelAgreement: _l, ...result }) => result),
    failed: findings.failed,
    again: {
      program: await pageProgram(),
      search: recordedSearch(input, findings),
      ...(seen && { pictures: await seenPictures(seen.truth, seen.cells) }),
    },
    environment: { 'Device profile': device.name, 'Cloud profile': cloud.name, 'Link profile': link.name },
    digests: plan ? { Plan: plan.planId } : {},
  });
}

/** The document of an audit, from what became of its candidates. */

import type { Dataset } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { decisiveFailure } from '../../threats.ts';
import { showsOrder } from '../mechanisms/index.ts';
import type { AuditOptions } from './audit.ts';
import type { Cell } from './auditor.ts';
import { strongestOf } from './draft.ts';
import { behind, inherited } from './inherit.ts';
import { type Audit, type AuditResult, type LeakageResult, leakageByThreat, type Unaudited } from './result.ts';
import type { Subject } from './subject.ts';
import { type Target, targetsOf } from './targets.ts';
import type { KnownTruth } from './truth.ts';

export type Outcome = Cell | Unaudited;

export const isCell = (outcome: Outcome): outcome is Cell => 'results' in outcome;

export function leftOut(
  { cut, defense }: Pick<Target, 'cut' | 'defense'>,
  problem: string,
  as: 'AUDIT_LEFT_OUT' | 'AUDIT_SPARED' = 'AUDIT_LEFT_OUT',
): Unaudited {
  const { code, message } = new CutlineError(as, { cut, problem });
  return { cut, defense, code, message };
}

/** @param outcomes in the order of the candidates; those that are not known yet are holes */
export function documentOf(
  outcomes: readonly Outcome[],
  data: Dataset,
  options: AuditOptions,
  subject: Subject,
  truth: KnownTruth,
): Audit {
  const cells = outcomes.filter(isCell);
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const skipped = cells.flatMap((c) => c.skipped);
  const failed = cells.flatMap((c) => c.failed);
  const confirmed = cells.flatMap((c) => c.confirmation);
  const shows = showsOrder((a, b) => subject.follows(a, b));
  // Of a bisection: what was spared because something behind it is open.
  const spared = options.bisect
    ? targetsOf(subject, options).filter((_, i) => outcomes[i] && !isCell(outcomes[i]))
    : [];
  const inOrder = (entries: readonly LeakageResult[]) => [
    ...spared.flatMap(({ cut, defense, codec }) =>
      behind({ cut, defense, codec }, entries, shows).filter((e) => e.ssim.high > (options.maxSsim ?? 1)),
    ),
    ...inherited(entries, shows),
  ];
  const leakage = inOrder(leakageByThreat(results, failed));
  const known = (o: Unaudited) => leakage.some((l) => l.inherited && l.cut === o.cut && l.defense === o.defense);
  const strongest = strongestOf(options.attacks);
  const unaudited = outcomes.flatMap((o): Unaudited[] => {
    if (!isCell(o)) return known(o) ? [] : [o];
    const failure = decisiveFailure({ ...o.exposure, threat: strongest }, failed);
    return failure
      ? [{ cut: failure.cut, defense: failure.defense, code: failure.code, message: failure.message }]
      : [];
  });
  const unreached = (options.leftOut ?? []).flatMap((cut) =>
    options.defenses.map((defense) => leftOut({ cut, defense }, 'the budget has no room for it')),
  );
  return {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256, ...(options.fixed?.length && { fixed: options.fixed }) },
    results,
    leakage,
    unaudited: [...unaudited, ...unreached],
    failed,
    ...(skipped.length > 0 && { skipped }),
    ...(options.note && { budget: options.note }),
    exposure: cells.map((c) => c.exposure),
    data: {
      name: data.name.split(':')[0]!,
      sha256: data.sha256,
      count: data.test.count,
      victims: { count: truth.victims.count - truth.heldBack, sha256: truth.digests.victims },
    },
    ...(options.adaptive === false && { adaptive: false }),
    ...(options.protocol && { protocol: options.protocol }),
    ...(truth.digests.heldBack && {
      confirmation: {
        victims: { count: truth.heldBack, sha256: truth.digests.heldBack },
        confidence: options.confidence ?? 0.95,
        results: confirmed,
        leakage: inOrder(leakageByThreat(confirmed, failed)),
      },
    }),
    seed: options.seed,
  };
}

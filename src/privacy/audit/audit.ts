/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { CutlineError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import type { FixedInput } from '../../model/index.ts';
import { checkSpec, inputStages } from '../mechanisms/index.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { isBeyondAttack, isFailureCode } from './beyond.ts';
import { strongestOf } from './draft.ts';
import { inherited, showsOrder } from './inherit.ts';
import type { BudgetNote } from './prepare.ts';
import { type Audit, type AuditResult, failureFor, leakageOf, type Unaudited } from './result.ts';
import type { Subject } from './subject.ts';
import { type KnownTruth, openTruth } from './truth.ts';

export interface AuditOptions extends Omit<AuditorOptions, 'giveUp'> {
  /** Ids; default every cut between the input and the output, where what cannot be attacked is told and the rest goes on. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly modelSha256: string;
  /** Inputs that are part of the network now, and were not in the file. */
  readonly fixed?: readonly FixedInput[] | undefined;
  /** Where it was opened before, for as many victims. */
  readonly truth?: KnownTruth | undefined;
  /** Cuts that a budget has no room for: they are told as unaudited. */
  readonly leftOut?: readonly string[] | undefined;
  /** What a budget has chosen: it becomes part of the document. */
  readonly note?: BudgetNote | undefined;
  /** Of a budget: candidates that are not expected to end within are left out. */
  readonly remainingSeconds?: (() => number) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: AuditProgress) => void;
  readonly onCell?: (cell: Cell) => void;
  /** Called after each candidate with what is known so far, marked as incomplete. */
  readonly onPartial?: (audit: Audit) => void;
  readonly onUnaudited?: (candidate: Unaudited) => void;
}

export interface AuditProgress {
  /** Share of all candidates, 0 … 1. */
  readonly done: number;
  readonly cut: string;
  readonly defense: string;
  /** Under way; undefined before the first and after the last. */
  readonly attack?: string | undefined;
}

export interface Candidate {
  readonly cut: string;
  readonly defense: string;
}

export interface AuditOutcome {
  readonly audit: Audit;
  /** Of the first engine. */
  readonly auditor: Auditor;
  readonly cells: readonly Cell[];
}

/** The candidates that an audit of these cuts and defenses attacks. */
export function candidatesOf(
  subject: Subject,
  { cuts, defenses }: Pick<AuditOptions, 'cuts' | 'defenses'>,
): Candidate[] {
  const ids = cuts ?? subject.ids.filter((id) => id !== 'input' && id !== 'output');
  return ids.flatMap((cut) => defenses.map((defense) => ({ cut, defense })));
}

/**
 * @param engines one for each candidate that shall be under way at a time
 * @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE and DEFENSE_SPEC before anything is attacked, and what `Auditor` throws;
 *   where no attack could even be mounted, why not
 */
export async function runAudit(
  engines: readonly Engine[],
  subject: Subject,
  data: Dataset,
  options: AuditOptions,
): Promise<AuditOutcome> {
  const { signal } = options;
  const truth = options.truth ?? (await openTruth(data, subject, options, signal));
  const own = { ...options, insist: options.insist ?? options.cuts !== undefined };
  const auditors = engines.map((engine) => new Auditor(engine, subject, data, own, truth));
  const candidates = candidatesOf(subject, options);
  // A slip of the pen is told now, not when the cuts before it have been attacked.
  for (const cut of options.cuts ?? []) subject.cut(cut);
  for (const { defense } of candidates) checkSpec(defense);
  const outcomes: Outcome[] = [];
  const expected = candidates.map(({ cut }) =>
    options.expected ? options.attacks.reduce((sum, attack) => sum + options.expected!(cut, attack), 0) : 1,
  );
  const all = expected.reduce((a, b) => a + b, 0);
  const shares = new Float64Array(candidates.length);
  const errors: CutlineError[] = [];
  await inLanes(
    candidates,
    auditors,
    async ({ cut, defense }, index, auditor, stop) => {
      const report = (share: number, attack?: string) => {
        shares[index] = share;
        const done = shares.reduce((sum, s, i) => sum + s * expected[i]!, 0) / all;
        options.onProgress?.({ done, cut, defense, attack });
      };
      const settle = (outcome: Outcome) => {
        outcomes[index] = outcome;
        options.onPartial?.({ ...documentOf(outcomes, data, options, subject), incomplete: true });
      };
      if (options.remainingSeconds && options.remainingSeconds() < expected[index]!) {
        const candidate = leftOut(cut, defense, 'the time that was allowed is used up');
        settle(candidate);
        options.onUnaudited?.(candidate);
        report(1);
        return;
      }
      report(0);
      try {
        const cell = await auditor.audit(cut, defense, stop, report);
        settle(cell);
        options.onCell?.(cell);
      } catch (error) {
        // Whoever named a cut wants it or an error.
        if (own.insist || !isBeyondAttack(error)) throw error;
        errors[index] = error;
        const candidate = { cut, defense, code: error.code, message: error.message };
        settle(candidate);
        options.onUnaudited?.(candidate);
      }
      report(1);
    },
    signal,
  );
  const cells = outcomes.filter(isCell);
  const mounted = cells.some(({ results, failed }) => results.length > 0 || failed.some((f) => isFailureCode(f.code)));
  const refusal = errors.find(Boolean) ?? cells.find((c) => c.refusal)?.refusal;
  if (!mounted && refusal) throw refusal;
  return { audit: documentOf(outcomes, data, options, subject), auditor: auditors[0]!, cells };
}

type Outcome = Cell | Unaudited;

const isCell = (outcome: Outcome): outcome is Cell => 'results' in outcome;

function leftOut(cut: string, defense: string, problem: string): Unaudited {
  const { code, message } = new CutlineError('AUDIT_LEFT_OUT', { cut, problem });
  return { cut, defense, code, message };
}

/** @param outcomes in the order of the candidates; those that are not known yet are holes */
function documentOf(outcomes: readonly Outcome[], data: Dataset, options: AuditOptions, subject: Subject): Audit {
  const cells = outcomes.filter(isCell);
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const skipped = cells.flatMap((c) => c.skipped);
  const failed = cells.flatMap((c) => c.failed);
  const strongest = strongestOf(options.attacks);
  const unaudited = outcomes.flatMap((o): Unaudited[] => {
    if (!isCell(o)) return [o];
    const failure = failureFor(o.exposure, strongest, failed);
    return failure
      ? [{ cut: failure.cut, defense: failure.defense, code: failure.code, message: failure.message }]
      : [];
  });
  const unreached = (options.leftOut ?? []).flatMap((cut) =>
    options.defenses.map((defense) => leftOut(cut, defense, 'the budget has no room for it')),
  );
  return {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256, ...(options.fixed?.length && { fixed: options.fixed }) },
    results,
    leakage: inherited(
      leakageOf(results, failed),
      showsOrder((a, b) => subject.follows(a, b), inputStages),
    ),
    unaudited: [...unaudited, ...unreached],
    failed,
    ...(skipped.length > 0 && { skipped }),
    ...(options.note && { budget: options.note }),
    exposure: cells.map((c) => c.exposure),
    data: { name: data.name.split(':')[0]!, sha256: data.sha256, count: data.test.count },
    seed: options.seed,
  };
}

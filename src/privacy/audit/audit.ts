/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CutlineError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import type { FixedInput } from '../../model/index.ts';
import type { CodecName } from '../../plan/index.ts';
import { checkSpec, showsOrder } from '../mechanisms/index.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { isBeyondAttack, isFailureCode } from './beyond.ts';
import { bisected } from './bisect.ts';
import { documentOf, isCell, leftOut, type Outcome } from './document.ts';
import type { BudgetNote } from './prepare.ts';
import type { Audit, Unaudited } from './result.ts';
import type { Subject } from './subject.ts';
import { type Target, targetsOf } from './targets.ts';
import { type KnownTruth, openTruth } from './truth.ts';

export interface AuditOptions extends Omit<AuditorOptions, 'giveUp'> {
  /** Ids; default every cut between the input and the output, where what cannot be attacked is told and the rest goes on. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  /** What the wire carries. Default float32. */
  readonly codecs?: readonly CodecName[] | undefined;
  /** With `maxSsim`: looks for the first cut that is not open, and attacks no other. Default: every cut is attacked. */
  readonly bisect?: boolean | undefined;
  readonly modelSha256: string;
  /** Inputs that are part of the network now, and were not in the file. */
  readonly fixed?: readonly FixedInput[] | undefined;
  /** Where it was opened before, for as many victims. */
  readonly truth?: KnownTruth | undefined;
  /** Cuts that a budget has no room for: they are told as unaudited. */
  readonly leftOut?: readonly string[] | undefined;
  /** It becomes part of the document. */
  readonly protocol?: { readonly name: string; readonly sha256: string } | undefined;
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

export interface AuditOutcome {
  readonly audit: Audit;
  /** Of the first engine. */
  readonly auditor: Auditor;
  readonly cells: readonly Cell[];
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
  const candidates = targetsOf(subject, options);
  // A slip of the pen is told now, not when the cuts before it have been attacked.
  for (const cut of options.cuts ?? []) subject.cut(cut);
  for (const { defense } of candidates) checkSpec(defense);
  const outcomes: Outcome[] = [];
  const expected = candidates.map(({ cut, defense }) =>
    options.expected ? options.attacks.reduce((sum, attack) => sum + options.expected!(cut, attack, defense), 0) : 1,
  );
  const all = expected.reduce((a, b) => a + b, 0);
  const shares = new Float64Array(candidates.length);
  const errors: CutlineError[] = [];
  /** @returns whether it is open; undefined where nothing is known */
  const attack = async (
    { cut, defense, codec }: Target,
    index: number,
    auditor: Auditor,
    stop: AbortSignal,
  ): Promise<boolean | undefined> => {
    const report = (share: number, attack?: string) => {
      shares[index] = share;
      const done = shares.reduce((sum, s, i) => sum + s * expected[i]!, 0) / all;
      options.onProgress?.({ done, cut, defense, attack });
    };
    const settle = (outcome: Outcome) => {
      outcomes[index] = outcome;
      options.onPartial?.({ ...documentOf(outcomes, data, options, subject, truth), incomplete: true });
      if (!isCell(outcome)) options.onUnaudited?.(outcome);
      report(1);
    };
    if (options.remainingSeconds && options.remainingSeconds() < expected[index]!) {
      settle(leftOut({ cut, defense }, 'the time that was allowed is used up'));
      return undefined;
    }
    report(0);
    try {
      const cell = await auditor.audit(cut, defense, stop, report, codec);
      settle(cell);
      options.onCell?.(cell);
      return cell.failed.length > 0 ? undefined : cell.results.some((r) => r.ssim.high > (options.maxSsim ?? 1));
    } catch (error) {
      // Whoever named a cut wants it or an error.
      if (own.insist || !isBeyondAttack(error)) throw error;
      errors[index] = error;
      settle({ cut, defense, code: error.code, message: error.message });
      return undefined;
    }
  };
  if (options.bisect) {
    const left = await bisected(
      candidates,
      auditors,
      showsOrder((a, b) => subject.follows(a, b)),
      attack,
      signal,
    );
    for (const { index, problem } of left) outcomes[index] = leftOut(candidates[index]!, problem, 'AUDIT_SPARED');
  } else {
    const whole = async (...about: Parameters<typeof attack>) => void (await attack(...about));
    await inLanes(candidates, auditors, whole, signal);
  }
  const cells = outcomes.filter(isCell);
  const mounted = cells.some(({ results, failed }) => results.length > 0 || failed.some((f) => isFailureCode(f.code)));
  const refusal = errors.find(Boolean) ?? cells.find((c) => c.refusal)?.refusal;
  if (!mounted && refusal) throw refusal;
  return { audit: documentOf(outcomes, data, options, subject, truth), auditor: auditors[0]!, cells };
}

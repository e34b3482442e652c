/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CutlineError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import type { FixedInput } from '../../model/index.ts';
import { threats } from '../attacks/index.ts';
import { checkSpec } from '../mechanisms/index.ts';
import { attackThreats } from './attack-list.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { isBeyondAttack, isFailureCode } from './beyond.ts';
import { type Audit, type AuditResult, failureFor, leakageOf, type Unaudited } from './result.ts';
import type { Subject } from './subject.ts';
import { openTruth } from './truth.ts';

export interface AuditOptions extends Omit<AuditorOptions, 'insist' | 'giveUp'> {
  /** Ids; default every cut between the input and the output, where what cannot be attacked is told and the rest goes on. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly modelSha256: string;
  /** Inputs that are part of the network now, and were not in the file. */
  readonly fixed?: readonly FixedInput[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: AuditProgress) => void;
  readonly onCell?: (cell: Cell) => void;
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
  const truth = await openTruth(data, subject, options, signal);
  const own = { ...options, insist: options.cuts !== undefined };
  const auditors = engines.map((engine) => new Auditor(engine, subject, data, own, truth));
  const candidates = candidatesOf(subject, options);
  // A slip of the pen is told now, not when the cuts before it have been attacked.
  for (const cut of options.cuts ?? []) subject.cut(cut);
  for (const { defense } of candidates) checkSpec(defense);
  const outcomes: (Cell | Unaudited)[] = [];
  const shares = new Float64Array(candidates.length);
  const errors: CutlineError[] = [];
  await inLanes(
    candidates,
    auditors,
    async ({ cut, defense }, index, auditor, stop) => {
      const report = (share: number, attack?: string) => {
        shares[index] = share;
        options.onProgress?.({ done: shares.reduce((a, b) => a + b, 0) / candidates.length, cut, defense, attack });
      };
      report(0);
      try {
        const cell = await auditor.audit(cut, defense, stop, report);
        outcomes[index] = cell;
        options.onCell?.(cell);
      } catch (error) {
        // Whoever named a cut wants it or an error.
        if (options.cuts || !isBeyondAttack(error)) throw error;
        errors[index] = error;
        const candidate = { cut, defense, code: error.code, message: error.message };
        outcomes[index] = candidate;
        options.onUnaudited?.(candidate);
      }
      report(1);
    },
    signal,
  );
  const cells = outcomes.filter((o): o is Cell => 'results' in o);
  const mounted = cells.some(({ results, failed }) => results.length > 0 || failed.some((f) => isFailureCode(f.code)));
  const refusal = errors.find(Boolean) ?? cells.find((c) => c.refusal)?.refusal;
  if (!mounted && refusal) throw refusal;
  return { audit: documentOf(outcomes, data, options), auditor: auditors[0]!, cells };
}

/** @param outcomes in the order of the candidates */
function documentOf(outcomes: readonly (Cell | Unaudited)[], data: Dataset, options: AuditOptions): Audit {
  const cells = outcomes.filter((o): o is Cell => 'results' in o);
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const skipped = cells.flatMap((c) => c.skipped);
  const failed = cells.flatMap((c) => c.failed);
  const strongest = threats.find((t) => options.attacks.some((name) => attackThreats[name] === t))!;
  const unaudited = outcomes.flatMap((o): Unaudited[] => {
    if (!('results' in o)) return [o];
    const failure = failureFor(o.exposure, strongest, failed);
    return failure
      ? [{ cut: failure.cut, defense: failure.defense, code: failure.code, message: failure.message }]
      : [];
  });
  return {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256, ...(options.fixed?.length && { fixed: options.fixed }) },
    results,
    leakage: leakageOf(results, failed),
    unaudited,
    failed,
    ...(skipped.length > 0 && { skipped }),
    exposure: cells.map((c) => c.exposure),
    data: { name: data.name.split(':')[0]!, sha256: data.sha256, count: data.test.count },
    seed: options.seed,
  };
}

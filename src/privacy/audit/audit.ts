/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CutlineError } from '../../errors.ts';
import { inLanes } from '../../in-lanes.ts';
import type { FixedInput } from '../../model/index.ts';
import { resolveDefense } from '../defenses/index.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { isBeyondAttack } from './beyond.ts';
import { type Audit, type AuditResult, leakageOf, type Unaudited } from './result.ts';
import type { Subject } from './subject.ts';
import { openTruth } from './truth.ts';

export interface AuditOptions extends AuditorOptions {
  /** Ids; default every cut between the input and the output, those left out that cannot be attacked. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly modelSha256: string;
  /** Inputs that are part of the network now, and were not in the file. */
  readonly fixed?: readonly FixedInput[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly cut: string; readonly defense: string }) => void;
  readonly onCell?: (cell: Cell) => void;
  readonly onUnaudited?: (candidate: Unaudited) => void;
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
 * @throws CutlineError CUT_NOT_FOUND, AUDIT_BESIDE and DEFENSE_SPEC before anything is attacked, and what `Auditor` throws
 */
export async function runAudit(
  engines: readonly Engine[],
  subject: Subject,
  data: Dataset,
  options: AuditOptions,
): Promise<AuditOutcome> {
  const { signal } = options;
  const truth = await openTruth(data, subject, options, signal);
  const auditors = engines.map((engine) => new Auditor(engine, subject, data, options, truth));
  const candidates = candidatesOf(subject, options);
  // A slip of the pen is told now, not when the cuts before it have been attacked.
  for (const cut of options.cuts ?? []) subject.cut(cut);
  for (const { defense } of candidates) resolveDefense(defense, 1);
  const outcomes: (Cell | Unaudited)[] = [];
  const shares = new Float64Array(candidates.length);
  const errors: CutlineError[] = [];
  await inLanes(
    candidates,
    auditors,
    async ({ cut, defense }, index, auditor, stop) => {
      const report = (share: number) => {
        shares[index] = share;
        options.onProgress?.({ done: shares.reduce((a, b) => a + b, 0) / candidates.length, cut, defense });
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
  const unaudited = outcomes.filter((o): o is Unaudited => !('results' in o));
  if (cells.length === 0 && errors.length > 0) throw errors.find(Boolean);
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const skipped = cells.flatMap((c) => c.skipped);
  const audit: Audit = {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256, ...(options.fixed?.length && { fixed: options.fixed }) },
    results,
    leakage: leakageOf(results),
    unaudited,
    ...(skipped.length > 0 && { skipped }),
    exposure: cells.map((c) => c.exposure),
    data: { name: data.name.split(':')[0]!, sha256: data.sha256, count: data.test.count },
    seed: options.seed,
  };
  return { audit, auditor: auditors[0]!, cells };
}

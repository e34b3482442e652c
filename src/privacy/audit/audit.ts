/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { CutlineError } from '../../errors.ts';
import { resolveCut } from '../../model/index.ts';
import { resolveDefense } from '../defenses/index.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { isBeyondAttack } from './beyond.ts';
import { type Audit, type AuditResult, leakageOf, type Unaudited } from './result.ts';
import type { Subject } from './subject.ts';

export interface AuditOptions extends AuditorOptions {
  /** Ids; default every cut between the input and the output, those left out that cannot be attacked. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly modelSha256: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly cut: string; readonly defense: string }) => void;
  readonly onCell?: (cell: Cell) => void;
  readonly onUnaudited?: (candidate: Unaudited) => void;
}

export interface AuditOutcome {
  readonly audit: Audit;
  readonly auditor: Auditor;
  readonly cells: readonly Cell[];
}

/** @throws CutlineError CUT_NOT_FOUND and DEFENSE_SPEC before anything is attacked, and what `Auditor` throws */
export async function runAudit(
  engine: Engine,
  subject: Subject,
  data: Dataset,
  options: AuditOptions,
): Promise<AuditOutcome> {
  const { signal, defenses } = options;
  const auditor = await Auditor.create(engine, subject, data, options, signal);
  const cuts = options.cuts ?? subject.cuts.map((c) => c.id).filter((id) => id !== 'input' && id !== 'output');
  // A slip of the pen is told now, not when the cuts before it have been attacked.
  for (const cut of cuts) resolveCut(subject.cuts, cut);
  for (const defense of defenses) resolveDefense(defense, 1);
  const cells: Cell[] = [];
  const unaudited: Unaudited[] = [];
  let first: CutlineError | undefined;
  const total = cuts.length * defenses.length;
  for (const cut of cuts) {
    for (const defense of defenses) {
      const report = (share: number) =>
        options.onProgress?.({ done: (cells.length + unaudited.length + share) / total, cut, defense });
      report(0);
      try {
        const cell = await auditor.audit(cut, defense, signal, report);
        cells.push(cell);
        options.onCell?.(cell);
      } catch (error) {
        // Whoever named a cut wants it or an error.
        if (options.cuts || !isBeyondAttack(error)) throw error;
        first ??= error;
        unaudited.push({ cut, defense, code: error.code, message: error.message });
        options.onUnaudited?.(unaudited.at(-1)!);
      }
    }
  }
  if (first && cells.length === 0) throw first;
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const skipped = cells.flatMap((c) => c.skipped);
  const audit: Audit = {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256 },
    results,
    leakage: leakageOf(results),
    unaudited,
    ...(skipped.length > 0 && { skipped }),
    exposure: cells.map((c) => c.exposure),
    data: { name: data.name.split(':')[0]!, sha256: data.sha256, count: data.test.count },
    seed: options.seed,
  };
  return { audit, auditor, cells };
}

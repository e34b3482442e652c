/** The audit: every cut asked for × every defense, attacked and scored. */
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
import { type Audit, type AuditResult, leakageOf } from './result.ts';
import type { Subject } from './subject.ts';

export interface AuditOptions extends AuditorOptions {
  /** Ids; default every cut between the input and the output. */
  readonly cuts?: readonly string[] | undefined;
  readonly defenses: readonly string[];
  readonly modelSha256: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly done: number; readonly cut: string; readonly defense: string }) => void;
  readonly onCell?: (cell: Cell) => void;
}

export interface AuditOutcome {
  readonly audit: Audit;
  readonly auditor: Auditor;
  readonly cells: readonly Cell[];
}

export async function runAudit(
  engine: Engine,
  subject: Subject,
  data: Dataset,
  options: AuditOptions,
): Promise<AuditOutcome> {
  const { signal, defenses } = options;
  const auditor = await Auditor.create(engine, subject, data, options, signal);
  const cuts = options.cuts ?? subject.cuts.map((c) => c.id).filter((id) => id !== 'input' && id !== 'output');
  const cells: Cell[] = [];
  const total = cuts.length * defenses.length;
  for (const cut of cuts) {
    for (const defense of defenses) {
      const report = (share: number) => options.onProgress?.({ done: (cells.length + share) / total, cut, defense });
      report(0);
      const cell = await auditor.audit(cut, defense, signal, report);
      cells.push(cell);
      options.onCell?.(cell);
    }
  }
  const results: AuditResult[] = cells.flatMap((c) => c.results);
  const audit: Audit = {
    format: 'cutline.audit/1',
    model: { sha256: options.modelSha256 },
    results,
    leakage: leakageOf(results),
    data: { name: data.name.split(':')[0]!, sha256: data.sha256, count: data.test.count },
    seed: options.seed,
  };
  return { audit, auditor, cells };
}

/** A cell as a planner reads it. */
import type { Auditor, Cell } from './auditor.ts';
import { type Audit, leakageByThreat } from './result.ts';

export type CellFindings = Pick<Audit, 'results' | 'leakage' | 'failed' | 'confirmation'> & {
  readonly skipped: Cell['skipped'];
};

/** @param auditor that made the cell */
export function findingsOf({ results, confirmation, failed, skipped }: Cell, auditor: Auditor): CellFindings {
  const { truth, confidence } = auditor;
  return {
    results,
    leakage: leakageByThreat(results, failed),
    failed,
    skipped,
    ...(truth.digests.heldBack && {
      confirmation: {
        victims: { count: truth.heldBack, sha256: truth.digests.heldBack },
        confidence,
        results: confirmation,
        leakage: leakageByThreat(confirmation, failed),
      },
    }),
  };
}

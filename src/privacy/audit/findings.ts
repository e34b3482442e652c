/** A cell as a planner reads it. */
import type { Auditor, Cell } from './auditor.ts';
import { type Audit, leakageOf } from './result.ts';

export type CellFindings = Pick<Audit, 'results' | 'leakage' | 'failed' | 'confirmation'> & {
  readonly skipped: Cell['skipped'];
};

/** @param auditor that made the cell */
export function findingsOf({ results, confirmation, failed, skipped }: Cell, auditor: Auditor): CellFindings {
  const { truth, confidence } = auditor;
  return {
    results,
    leakage: leakageOf(results, failed),
    failed,
    skipped,
    ...(truth.digests.heldBack && {
      confirmation: {
        victims: { count: truth.heldBack, sha256: truth.digests.heldBack },
        confidence,
        results: confirmation,
        leakage: leakageOf(confirmation, failed),
      },
    }),
  };
}

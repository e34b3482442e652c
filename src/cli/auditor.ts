/** Attacks one candidate for `cutline plan --data`. */
import { CutlineError } from '../errors.ts';
import type { AuditCandidate } from '../planner/index.ts';
import type { AuditSetting } from './run-plan.ts';

export function auditor(_setting: AuditSetting): AuditCandidate {
  return async () => {
    throw new CutlineError('USAGE', { problem: 'Audits on demand are not wired up yet: give --audit FILE.' });
  };
}

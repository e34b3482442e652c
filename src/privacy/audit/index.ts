/** What leaks through each cut, measured. */
export { type AttackName, attackNames, attacksAllowed, checkAllowed, defaultAttacks } from './attack-list.ts';
export { readOwnSettings } from './attack-table.ts';
export { type AuditOptions, type AuditOutcome, type AuditProgress, runAudit } from './audit.ts';
export { Auditor, type AuditorOptions, type Cell } from './auditor.ts';
export { isBeyondAttack } from './beyond.ts';
export { byProtocol, type LeastBudgets } from './by-protocol.ts';
export { type AttackCache, folderCache } from './cache.ts';
export { findingsOf } from './findings.ts';
export { lanesFor } from './lanes.ts';
export { type BudgetNote, type Prepared, prepareAudit } from './prepare.ts';
export {
  type Audit,
  type AuditResult,
  type Failed,
  type LeakageResult,
  leakageByThreat,
  type Unaudited,
} from './result.ts';
export { Subject } from './subject.ts';
export { targetsOf } from './targets.ts';
export { utilityOfNetwork } from './utility.ts';

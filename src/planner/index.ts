/** Which cut to take: candidates, cost, leakage, constraints, and the plan that comes of it. */
export {
  type Numbers,
  numbersOf,
  type PlannedAgain,
  plannerOf,
  type RecordedSearch,
  recordedSearch,
} from './again/index.ts';
export { type AuditFindings, type LeakageEntry, type ResultEntry, readAudit } from './audit.ts';
export type { Beside, Collapsed } from './beside/index.ts';
export { conflictText, refuseContradictions } from './contradict.ts';
export type { Findings } from './leakage.ts';
export { makePlan, makeRoute, type PlanOutcome, type PlanRequest } from './make.ts';
export { defaultDefenses } from './model-facts.ts';
export type { Profiles } from './price.ts';
export type { AtPace, PaceRange, Ranged } from './ranged.ts';
export { type Relaxation, relaxationText } from './relax.ts';
export { openTiers, type RouteOutcome, readTiers } from './routes/index.ts';
export type { AuditCandidate, SearchResult } from './search.ts';
export { verifyEvidence, verifyParts } from './verify.ts';
export { labelOf } from './weigh.ts';
export { planFiles, writePlan } from './write.ts';

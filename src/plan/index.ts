/** The plan file: shared by planner, device and cloud. */

export { type CodecName, codecs } from '../codecs.ts';
export { type Threat, threats } from '../threats.ts';
export { admitPlan, LastPlan, requireInTime } from './admit.ts';
export { type Cost, type Load, type Queueing, type Source, sources } from './cost.ts';
export { type PlanChange, planDiff } from './diff.ts';
export type { Evidence, EvidenceAttack } from './evidence.ts';
export { type BrokenRule, confidenceFor, type Gap, gapsOf, missingObservations } from './gaps.ts';
export { type Costed, objectiveValue } from './objective.ts';
export { type OpenPlan, openPlan, readPlanKeys, type Serials } from './open.ts';
export { type Protocol, parseProtocol, protocolSha256, type RequiredAttack } from './protocol.ts';
export { isPlace, MOST_PUSH_BYTES, type Push, parsePush, partName, pushOf } from './push.ts';
export {
  type EvidenceGap,
  evidenceGap,
  type Holdings,
  idOfPlan,
  parsePlan,
  readPlan,
  verifyId,
  verifyPlan,
} from './read.ts';
export { readProtocol, shippedProtocols } from './read-protocol.ts';
export { readRequirements } from './requirements.ts';
export { headsOf, nameIn, type RoutePlan, routesOf } from './safe-set.ts';
export {
  type AnswerTensor,
  type Candidate,
  candidateSchema,
  fixedInputSchema,
  type Leakage,
  type Objective,
  objectives,
  type Plan,
  planSchema,
  type Standing,
  type Thresholds,
  thresholdsSchema,
  weighable,
  withoutSearch,
} from './schema.ts';
export { type BudgetKey, budgetKeys, type RunAttack, requiredAttacks, shortfalls } from './shortfalls.ts';
export { keyId, type PlanKey, readPublicKey, readSigningKey, signPlan, verifySignature } from './sign.ts';
export { intervalSchema } from './values.ts';

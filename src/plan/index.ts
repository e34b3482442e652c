/** The plan file: shared by planner, device and cloud. */
export {
  type BudgetKey,
  budgetKeys,
  type Protocol,
  parseProtocol,
  protocolSha256,
  type RequiredAttack,
  type RunAttack,
  requiredAttacks,
  shortfalls,
} from './protocol.ts';
export { evidenceGap, type Holdings, parsePlan, readPlan, verifyPlan } from './read.ts';
export { readProtocol, shippedProtocols } from './read-protocol.ts';
export {
  type Candidate,
  type CodecName,
  type Cost,
  candidateSchema,
  codecs,
  type Evidence,
  fixedInputSchema,
  intervalSchema,
  type Leakage,
  type Objective,
  objectives,
  type Plan,
  planSchema,
  type Source,
  sources,
  type Threat,
  type Thresholds,
  threats,
} from './schema.ts';

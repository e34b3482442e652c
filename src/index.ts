/** The public face of the library: `import { … } from 'cutline'`. */
export { type Forward, rewritten, rules, vectorJacobianGraph } from './autodiff/index.ts';
export { type Broker, type BrokerOptions, createCodec, startBroker } from './broker/index.ts';
export { type ConsumerStart, type ConsumerSummary, startConsumer } from './cloud/index.ts';
export { type Dataset, type ModelCard, openDataset, type Preprocessing, preprocess, readCard } from './data/index.ts';
export { type AgentOptions, type AgentSummary, startAgent } from './device/index.ts';
export { createEngine, type Engine, type EngineOptions, type Session } from './engine/index.ts';
export { CutlineError, type ErrorCode, type ExitCode, errorCatalogue } from './errors.ts';
export {
  bindBatch,
  bindDimensions,
  type Cut,
  encodeModel,
  findCuts,
  type Graph,
  GraphBuilder,
  inferShapes,
  loadModel,
  parseModel,
  resolveCut,
  type Split,
  saveModel,
  split,
  type Tensor,
  type Tensors,
} from './model/index.ts';
export { type Plan, planSchema, readPlan, verifyPlan } from './plan/index.ts';
export { makePlan, type PlanOutcome, type PlanRequest, readAudit, writePlan } from './planner/index.ts';
export { type Audit, type AuditOptions, type AuditResult, runAudit, Subject } from './privacy/audit/index.ts';
export { type Profile, profileSchema, readProfile } from './profile/index.ts';
export { contactSheet, htmlReport, type ReportData } from './report/index.ts';

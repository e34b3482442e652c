/** The plan file: shared by planner, device and cloud. */
export { evidenceGap, type Holdings, parsePlan, readPlan, verifyPlan } from './read.ts';
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

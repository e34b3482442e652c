/** Attacks by threat. */
export { type Threat, threats } from '../../threats.ts';
export { answer, answerQueries } from './answer.ts';
export {
  type AnswerContext,
  type AnswerOnlyAttack,
  type Attack,
  type AttackContext,
  type AttackerData,
  attackerData,
  type BlackBoxAttack,
  type BlackBoxContext,
  type Budgets,
  type Examples,
  type KnownStructure,
  type LabelledPictures,
  type QueryFreeAttack,
  type QueryFreeContext,
  type Reconstruction,
  type Settings,
  type Traffic,
  type WhiteBoxAttack,
  type WhiteBoxContext,
} from './attack.ts';
export { type DecoderKind, decoderKinds } from './decoder/choose.ts';
export { type LossName, lossNames } from './decoder/criterion.ts';
export { trainingPlan } from './decoder/plan.ts';
export { decoderMacs } from './decoder/size.ts';
export { type DeepPriorOptions, deepPrior, deepPriorSteps } from './deep-prior.ts';
export type { PixelScale } from './generator/fitting.ts';
export { type GivenGenerator, readGenerator } from './generator/given.ts';
export { type KnownGenerators, ownTraining } from './generator/own.ts';
export { type HeadStructure, headStructures } from './head/fresh.ts';
export { hybrid } from './hybrid.ts';
export { defaultQueries, type InverseNetworkOptions, inverseNetwork } from './inverse-network.ts';
export { type LatentOptions, latent, latentSteps, latentTrials } from './latent.ts';
export { sessionBytes } from './memory.ts';
export { type Missed, type MissReason, missReasons, missTexts } from './missed.ts';
export { searchSteps } from './prior/choose.ts';
export { remembered } from './remembered.ts';
export { believes, type DescentOptions, defaultSteps, descend, type RmleOptions, rmle } from './rmle.ts';
export { relaxedHead } from './rounded.ts';
export {
  type Alignment,
  alignments,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowEpochs,
  shadowInversions,
  shadowPictures,
  shadowSteps,
} from './shadow/index.ts';
export type { Start } from './start.ts';
export { isDivergence } from './stops.ts';
export {
  type SubstituteInversion,
  type SubstituteOptions,
  substitute,
  substituteInversions,
} from './substitute.ts';

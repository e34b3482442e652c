/** Attacks by threat. */
export {
  type Attack,
  type AttackContext,
  type AttackerData,
  attackerData,
  type BlackBoxAttack,
  type BlackBoxContext,
  type Examples,
  type KnownStructure,
  type LabelledPictures,
  type QueryFreeAttack,
  type QueryFreeContext,
  type Reconstruction,
  type Threat,
  type Traffic,
  threats,
  type WhiteBoxAttack,
  type WhiteBoxContext,
} from './attack.ts';
export { type DecoderKind, decoderKinds } from './decoder/choose.ts';
export { type LossName, lossNames } from './decoder/criterion.ts';
export { type DeepPriorOptions, deepPrior } from './deep-prior.ts';
export type { PixelScale } from './generator/fitting.ts';
export type { KnownGenerators } from './generator/own.ts';
export { type HeadStructure, headStructures } from './head/fresh.ts';
export { hybrid } from './hybrid.ts';
export { type InverseNetworkOptions, inverseNetwork } from './inverse-network.ts';
export { type GivenGenerator, type LatentOptions, latent } from './latent.ts';
export { remembered } from './remembered.ts';
export { type DescentOptions, descend, type RmleOptions, rmle } from './rmle.ts';
export {
  type Alignment,
  alignments,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowInversions,
} from './shadow/index.ts';
export type { Start } from './start.ts';
export {
  type SubstituteInversion,
  type SubstituteOptions,
  substitute,
  substituteInversions,
} from './substitute.ts';

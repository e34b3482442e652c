/** Mechanisms: what stands between the head and the wire so that less can be seen in the cloud. */
export { bitsCapOf, codeBits, type SentTensor } from './cap.ts';
export { rhoOfBudget } from './dp/concentrated.ts';
export { expectedHead } from './expected.ts';
export { type DefendedGraph, defendedHead } from './graph.ts';
export { combined, type Likelihood, likelihoodOf } from './likelihood.ts';
export { type Look, looksOf } from './looks.ts';
export {
  compileMechanism,
  type Draws,
  hasStages,
  isRandom,
  type Layout,
  type Mechanism,
  release,
} from './mechanism.ts';
export { cryptographicNoise, type NoiseSource, seededNoise } from './noise.ts';
export { type Release, type Shows, showsOrder } from './order.ts';
export { checkSpec, isResolved, resolveSpec, rootMeanSquare, type Samples, supposed } from './resolve.ts';
export { formatSpec, inputStages, type Place, parseSpec, type Spec } from './spec.ts';
export type { Guarantee, Law } from './stage.ts';
export { timedSpecs, timedStages } from './timed.ts';
export { observed, type View, viewOf } from './view.ts';

/** Shadow models. */
export { shadowEpochs } from './fit.ts';
export { type ShadowStructure, shadowStructures } from './head.ts';
export {
  type Alignment,
  alignments,
  defaultPictures as shadowPictures,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowInversions,
  shadowSteps,
} from './shadow.ts';

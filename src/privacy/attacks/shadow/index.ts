/** Shadow models. */
export { shadowEpochs } from './fit.ts';
export { shadowSteps } from './invert.ts';
export {
  type Alignment,
  alignments,
  defaultPictures as shadowPictures,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowInversions,
} from './shadow.ts';

/** Shadow models. */
export { type ShadowStructure, shadowStructures } from './head.ts';
export {
  type Alignment,
  alignments,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowInversions,
} from './shadow.ts';

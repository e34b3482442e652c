/** Shadow models. */
export {
  type Alignment,
  alignments,
  type ShadowInversion,
  type ShadowOptions,
  shadow,
  shadowInversions,
} from './shadow.ts';

/** Differentiates a graph into a graph of plain ONNX operators. */

export { prune } from '../model/prune.ts';
export { type AdamOptions, type AdamStep, adamStep, learningRateInput } from './adam.ts';
export { backward } from './backward.ts';
export { Expressions, type Term } from './expressions.ts';
export { requireSlope } from './flat.ts';
export { type Forward, writeForward } from './forward.ts';
export { loadGradient, proveGradient } from './load.ts';
export {
  crossEntropy,
  droppedError,
  errorBeyond,
  isotropicVariation,
  type Loss,
  l2,
  meanAbsoluteError,
  meanSquaredError,
  mixedError,
  perPicture,
  squaredErrorBut,
  totalVariation,
} from './losses.ts';
export { raiseOpset, rewritten } from './opset.ts';
export { isRelaxed, type Relaxation, relaxRounding } from './relax.ts';
export { rules } from './rules/index.ts';
export { vectorJacobianGraph } from './vjp.ts';

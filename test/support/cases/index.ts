/**
 * Random graphs for every operator that the reference interpreter covers. Two suites use them: the engine contract
 * (does the engine compute what the reference computes) and the gradient checks (does the rule agree with differences).
 */
import { activationCases } from './activation.ts';
import { convolutionCases } from './convolution.ts';
import { elementwiseCases } from './elementwise.ts';
import { gatherCases } from './gather.ts';
import { normalizationCases } from './normalization.ts';
import { poolingCases } from './pooling.ts';
import { productCases } from './products.ts';
import { quantizeCases } from './quantize.ts';
import { rearrangeCases } from './rearrange.ts';
import { recurrentCases } from './recurrent.ts';
import { reduceCases } from './reduce.ts';
import { resizeCases } from './resize.ts';
import { shapeCases } from './shape.ts';
import type { CaseGenerator } from './sketch.ts';

export { everyResize } from './resize.ts';
export { type Case, type CaseGenerator, caseOf, describeCase, Sketch } from './sketch.ts';

export const operatorCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  ...activationCases,
  ...convolutionCases,
  ...elementwiseCases,
  ...gatherCases,
  ...normalizationCases,
  ...poolingCases,
  ...productCases,
  ...quantizeCases,
  ...rearrangeCases,
  ...recurrentCases,
  ...reduceCases,
  ...resizeCases,
  ...shapeCases,
};

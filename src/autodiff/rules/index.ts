/** All gradient rules by operator. */
import type { Rule } from '../rule.ts';
import { activationRules } from './activation.ts';
import { convRules } from './conv.ts';
import { convTransposeRules } from './conv-transpose.ts';
import { einsumRules } from './einsum.ts';
import { elementwiseRules } from './elementwise.ts';
import { gatherRules } from './gather.ts';
import { layoutRules } from './layout.ts';
import { linearRules } from './linear.ts';
import { maxPoolRules } from './max-pool.ts';
import { normalizationRules } from './normalization.ts';
import { padRules } from './pad.ts';
import { poolRules } from './pool.ts';
import { quantizeRules } from './quantize.ts';
import { reduceRules } from './reduce.ts';
import { resizeRules } from './resize.ts';
import { scatterRules } from './scatter.ts';
import { softmaxRules } from './softmax.ts';
import { trigonometryRules } from './trigonometry.ts';

export const rules: ReadonlyMap<string, Rule> = new Map(
  [
    ...elementwiseRules,
    ...activationRules,
    ...convRules,
    ...convTransposeRules,
    ...maxPoolRules,
    ...poolRules,
    ...linearRules,
    ...normalizationRules,
    ...layoutRules,
    ...reduceRules,
    ...resizeRules,
    ...gatherRules,
    ...padRules,
    ...einsumRules,
    ...quantizeRules,
    ...scatterRules,
    ...softmaxRules,
    ...trigonometryRules,
  ].map((r) => [r.op, r]),
);

/** Softmax and its logarithm. */
import type { Rule, RuleContext } from '../rule.ts';
import { pointwise } from './settled.ts';

function axisOf({ node, shape, x }: RuleContext): number {
  const axis = node.attributes.axis;
  const value = axis?.type === 'int' ? Number(axis.value) : -1;
  return value < 0 ? value + shape(x[0]!).length : value;
}

/** A row that is masked altogether is NaN, all of it. */
export const softmaxRules: readonly Rule[] = [
  // dx = y ⊙ (dy − Σ dy ⊙ y)
  pointwise('Softmax', (c) => {
    const { g, y, dy } = c;
    return g.mul(y[0]!, g.sub(dy, g.sum(g.mul(dy, y[0]!), [axisOf(c)], true)));
  }),
  // dx = dy − softmax(x) · Σ dy
  pointwise('LogSoftmax', (c) => {
    const { g, y, dy } = c;
    return g.sub(dy, g.mul(g.exp(y[0]!), g.sum(dy, [axisOf(c)], true)));
  }),
];

/**
 * Slopes where there is none. A node whose value is an infinity or NaN has slope zero there: either the value reaches the
 * output and is told, or something behind it chose another branch, and the cotangent that comes back is 0, which times an
 * infinite slope would be NaN (0·∞). Where a value is finite and the slope is not, as of a root at 0, rules take zero as well.
 */
import type { Expressions, Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

/**
 * The gradient where the node's value is finite, 0 elsewhere.
 * @param value shaped like the gradient, or so that it broadcasts to it
 */
export function settled(c: RuleContext, gradient: Term, value = c.y[0]!): Term {
  if (!c.canDiverge(c.y[0]!)) return gradient;
  const { g } = c;
  return g.where(g.less(g.graph.op('Abs', [value]), Number.POSITIVE_INFINITY), gradient, 0);
}

/** One of the inputs as a factor of a product, with 0 where it is not finite: the results it went into have slope zero. */
export function finite(c: RuleContext, factor: Term): Term {
  if (!c.canDiverge(factor)) return factor;
  const { g } = c;
  return g.where(g.less(g.graph.op('Abs', [factor]), Number.POSITIVE_INFINITY), factor, 0);
}

/** Rule of a function of single elements, from its slope times the cotangent. */
export const pointwise = (op: string, gradient: (c: RuleContext) => Term): Rule =>
  rule(op, (c) => [() => settled(c, gradient(c))]);

/** A length, or 1 where it is 0, to divide by what is 0 there too. */
export const orOne = (g: Expressions, length: Term): Term => g.where(g.greater(length, 0), length, 1);

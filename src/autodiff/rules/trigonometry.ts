/** Circular and hyperbolic functions. */
import type { Term } from '../expressions.ts';
import type { Rule, RuleContext } from '../rule.ts';
import { pointwise } from './settled.ts';

/** dx = dy · f′, or dy / f′ where the derivative is a fraction, or dy / √r: at r = 0, the ends of the domain, zero. */
const slope = (op: string, times: (c: RuleContext, x: Term) => Term): Rule =>
  pointwise(op, (c) => c.g.mul(c.dy, times(c, c.x[0]!)));
const fraction = (op: string, under: (c: RuleContext, x: Term) => Term): Rule =>
  pointwise(op, (c) => c.g.div(c.dy, under(c, c.x[0]!)));
const root = (op: string, sign: 1 | -1, under: (c: RuleContext, x: Term) => Term): Rule =>
  pointwise(op, (c) => {
    const { g } = c;
    const r = under(c, c.x[0]!);
    const slopes = g.div(sign === 1 ? c.dy : g.neg(c.dy), g.sqrt(r));
    return g.where(g.greater(r, 0), slopes, 0);
  });

export const trigonometryRules: readonly Rule[] = [
  slope('Sin', ({ g }, x) => g.graph.op('Cos', [x])),
  slope('Cos', ({ g }, x) => g.neg(g.graph.op('Sin', [x]))),
  slope('Tan', ({ g, y }) => g.add(g.square(y[0]!), 1)),
  // 1 − x² and x² − 1 as products, which do not cancel near ±1.
  root('Asin', 1, ({ g }, x) => g.mul(g.sub(1, x), g.add(x, 1))),
  root('Acos', -1, ({ g }, x) => g.mul(g.sub(1, x), g.add(x, 1))),
  fraction('Atan', ({ g }, x) => g.add(g.square(x), 1)),
  slope('Sinh', ({ g }, x) => g.graph.op('Cosh', [x])),
  slope('Cosh', ({ g }, x) => g.graph.op('Sinh', [x])),
  root('Asinh', 1, ({ g }, x) => g.add(g.square(x), 1)),
  root('Acosh', 1, ({ g }, x) => g.mul(g.sub(x, 1), g.add(x, 1))),
  fraction('Atanh', ({ g }, x) => g.mul(g.sub(1, x), g.add(x, 1))),
];

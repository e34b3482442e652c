/** Circular and hyperbolic functions. */
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

/** dx = dy · f′, or dy / f′ where the derivative is a fraction. */
const slope = (op: string, times: (c: RuleContext, x: Term) => Term): Rule =>
  rule(op, (c) => [() => c.g.mul(c.dy, times(c, c.x[0]!))]);
const fraction = (op: string, under: (c: RuleContext, x: Term) => Term): Rule =>
  rule(op, (c) => [() => c.g.div(c.dy, under(c, c.x[0]!))]);

export const trigonometryRules: readonly Rule[] = [
  slope('Sin', ({ g }, x) => g.graph.op('Cos', [x])),
  slope('Cos', ({ g }, x) => g.neg(g.graph.op('Sin', [x]))),
  slope('Tan', ({ g, y }) => g.add(g.square(y[0]!), 1)),
  fraction('Asin', ({ g }, x) => g.sqrt(g.sub(1, g.square(x)))),
  fraction('Acos', ({ g }, x) => g.neg(g.sqrt(g.sub(1, g.square(x))))),
  fraction('Atan', ({ g }, x) => g.add(g.square(x), 1)),
  slope('Sinh', ({ g }, x) => g.graph.op('Cosh', [x])),
  slope('Cosh', ({ g }, x) => g.graph.op('Sinh', [x])),
  fraction('Asinh', ({ g }, x) => g.sqrt(g.add(g.square(x), 1))),
  fraction('Acosh', ({ g }, x) => g.sqrt(g.sub(g.square(x), 1))),
  fraction('Atanh', ({ g }, x) => g.sub(1, g.square(x))),
];

/** Arithmetic with broadcasting. */
import { asNumbers } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';
import { pointwise, settled } from './settled.ts';

/** Rule of a binary operator from its two partial derivatives times the cotangent. */
function binary(op: string, a: (c: RuleContext) => Term, b: (c: RuleContext) => Term): Rule {
  return rule(op, (c) => {
    // Before it is summed: one element without a value would spoil the sum.
    const to = (i: number, term: Term) =>
      c.g.unbroadcast(term === c.dy ? term : settled(c, term), c.shape(c.y[0]!), c.shape(c.x[i]!));
    return [() => to(0, a(c)), () => to(1, b(c))];
  });
}

function sumLike(op: string, scale: (count: number) => number): Rule {
  return rule(op, (c): Gradients => {
    const s = scale(c.x.length);
    return c.x.map((x) => () => {
      const d = c.g.unbroadcast(c.dy, c.shape(c.y[0]!), c.shape(x));
      return s === 1 ? d : c.g.mul(d, s);
    });
  });
}

/** Max and Min: the cotangent goes to the first input that attains the extremum. */
function extremum(op: 'Max' | 'Min'): Rule {
  return rule(
    op,
    (c): Gradients =>
      c.x.map((x, i) => () => {
        const { g, y, dy } = c;
        let wins = g.equal(x, y[0]!);
        for (const earlier of c.x.slice(0, i)) wins = g.and(wins, g.graph.op('Not', [g.equal(earlier, y[0]!)]));
        return g.unbroadcast(g.where(wins, dy, 0), c.shape(y[0]!), c.shape(x));
      }),
  );
}

/** b·x^(b − 1). At x = 0 it is infinite below b = 1, and 0·∞ at b = 0: zero is taken. */
function powerOfBase({ g, x, dy, constant }: RuleContext): Term {
  const slope = g.mul(dy, g.mul(x[1]!, g.pow(x[0]!, g.sub(x[1]!, 1))));
  const exponents = constant(x[1]!);
  if (exponents && asNumbers(exponents).every((b) => b >= 1)) return slope;
  const singular = g.and(g.equal(x[0]!, g.value(0)), g.less(x[1]!, 1));
  return g.where(singular, g.value(0), slope);
}

/** y·log x where there is a logarithm; 0^b is 0 near b > 0, and a negative base has powers at whole numbers only. */
const powerOfExponent = ({ g, x, y, dy }: RuleContext): Term =>
  g.where(g.greater(x[0]!, 0), g.mul(dy, g.mul(y[0]!, g.graph.op('Log', [x[0]!]))), 0);

/** Between float types only; the tensor that only lends its type has no part in the result. */
const cast = (c: RuleContext): Gradients =>
  c.dtype(c.y[0]!).includes('float') ? [() => c.dy, () => c.g.expand(c.g.value(0), c.shape(c.x[1]!))] : [];

function inTraining({ x, constant }: RuleContext): boolean {
  const mode = x[2] ? constant(x[2]) : undefined;
  return Boolean(x[2]) && (!mode || asNumbers(mode)[0] !== 0);
}

export const elementwiseRules: readonly Rule[] = [
  binary(
    'Add',
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  binary(
    'Sub',
    ({ dy }) => dy,
    ({ g, dy }) => g.neg(dy),
  ),
  binary(
    'Mul',
    ({ g, x, dy }) => g.mul(dy, x[1]!),
    ({ g, x, dy }) => g.mul(dy, x[0]!),
  ),
  binary(
    'Div',
    ({ g, x, dy }) => g.div(dy, x[1]!),
    ({ g, x, y, dy }) => g.neg(g.div(g.mul(dy, y[0]!), x[1]!)),
  ),
  binary('Pow', powerOfBase, powerOfExponent),
  // a − b·trunc(a/b), the quotient being (a − y)/b
  binary(
    'Mod',
    ({ dy }) => dy,
    ({ g, x, y, dy }) => g.mul(dy, g.div(g.sub(y[0]!, x[0]!), x[1]!)),
  ),
  sumLike('Sum', () => 1),
  sumLike('Mean', (n) => 1 / n),
  extremum('Max'),
  extremum('Min'),
  rule('Neg', ({ g, dy }) => [() => g.neg(dy)]),
  pointwise('Abs', ({ g, x, dy }) => g.mul(dy, g.sign(x[0]!))),
  rule('Sqrt', ({ g, y, dy }) => [() => g.where(g.greater(y[0]!, 0), g.div(g.mul(dy, 0.5), y[0]!), 0)]),
  pointwise('Exp', ({ g, y, dy }) => g.mul(dy, y[0]!)),
  pointwise('Log', ({ g, x, dy }) => g.div(dy, x[0]!)),
  pointwise('Reciprocal', ({ g, y, dy }) => g.neg(g.mul(dy, g.square(y[0]!)))),
  pointwise('Erf', ({ g, x, dy }) => g.mul(dy, g.mul(g.exp(g.neg(g.square(x[0]!))), 2 / Math.sqrt(Math.PI)))),
  rule('Where', (c) => {
    const { g, x, y, dy } = c;
    const to = (i: number, term: Term) => g.unbroadcast(term, c.shape(y[0]!), c.shape(x[i]!));
    return [undefined, () => to(1, g.where(x[0]!, dy, 0)), () => to(2, g.where(x[0]!, g.value(0), dy))];
  }),
  rule('Identity', ({ dy }) => [() => dy]),
  // Inference mode: the identity. In training, what is dropped differs from run to run. Ratio and mode have no gradient.
  rule('Dropout', (c) => (inTraining(c) ? [] : [() => c.dy])),
  rule('Cast', cast),
  rule('CastLike', cast),
];

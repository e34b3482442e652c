/** Arithmetic with broadcasting. */
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';

/** Rule of a binary operator from its two partial derivatives times the cotangent. */
function binary(op: string, a: (c: RuleContext) => string, b: (c: RuleContext) => string): Rule {
  return rule(op, (c) => {
    const to = (i: number, term: string) => c.g.unbroadcast(term, c.shape(c.y[0]!), c.shape(c.x[i]!));
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

/** Between float types only; the tensor that only lends its type has no part in the result. */
const cast = (c: RuleContext): Gradients =>
  c.dtype(c.y[0]!).includes('float') ? [() => c.dy, () => c.g.expand(c.g.value(0), c.shape(c.x[1]!))] : [];

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
  binary(
    'Pow',
    ({ g, x, dy }) => g.mul(dy, g.mul(x[1]!, g.pow(x[0]!, g.sub(x[1]!, 1)))),
    ({ g, x, y, dy }) => g.mul(dy, g.mul(y[0]!, g.graph.op('Log', [x[0]!]))),
  ),
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
  rule('Abs', ({ g, x, dy }) => [() => g.mul(dy, g.sign(x[0]!))]),
  rule('Sqrt', ({ g, y, dy }) => [() => g.div(g.mul(dy, 0.5), y[0]!)]),
  rule('Exp', ({ g, y, dy }) => [() => g.mul(dy, y[0]!)]),
  rule('Log', ({ g, x, dy }) => [() => g.div(dy, x[0]!)]),
  rule('Reciprocal', ({ g, y, dy }) => [() => g.neg(g.mul(dy, g.square(y[0]!)))]),
  rule('Erf', ({ g, x, dy }) => [() => g.mul(dy, g.mul(g.exp(g.neg(g.square(x[0]!))), 2 / Math.sqrt(Math.PI)))]),
  rule('Where', (c) => {
    const { g, x, y, dy } = c;
    const to = (i: number, term: string) => g.unbroadcast(term, c.shape(y[0]!), c.shape(x[i]!));
    const zeros = () => g.mul(dy, 0);
    return [undefined, () => to(1, g.where(x[0]!, dy, 0)), () => to(2, g.where(x[0]!, zeros(), dy))];
  }),
  rule('Identity', ({ dy }) => [() => dy]),
  // Inference mode: the identity. The ratio and mode inputs have no gradient.
  rule('Dropout', ({ dy }) => [() => dy]),
  rule('Cast', cast),
  rule('CastLike', cast),
];

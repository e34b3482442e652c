/** Reductions over axes. */
import { attrInt, attrInts } from '../../model/graph.ts';
import { asNumbers } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

/** Axes as non-negative numbers, from the attribute or the constant input; all axes when none are given. */
function axesOf(c: RuleContext): number[] {
  const rank = c.shape(c.x[0]!).length;
  const input = c.x[1] ? c.constant(c.x[1]) : undefined;
  const axes = attrInts(c.node, 'axes') ?? (input && asNumbers(input));
  if (axes?.length) return axes.map((a) => (a < 0 ? a + rank : a));
  return c.shape(c.y[0]!).length === rank && c.node.attributes.noop_with_empty_axes?.type === 'int'
    ? []
    : Array.from({ length: rank }, (_, i) => i);
}

/** A reduction whose input gradient is `factor` times the cotangent, spread over the reduced axes. */
function reduction(op: string, factor: (c: RuleContext, kept: (t: Term) => Term) => Term | number): Rule {
  return rule(op, (c) => [
    () => {
      const shape = c.shape(c.x[0]!);
      const axes = new Set(axesOf(c));
      const kept = (term: Term) =>
        c.g.reshape(
          term,
          shape.map((n, i) => (axes.has(i) ? 1 : n)),
        );
      const f = factor(c, kept);
      const d = kept(c.dy);
      return f === 1 ? c.g.expand(d, shape) : c.g.expand(c.g.mul(d, f), shape);
    },
  ]);
}

const countOf = (c: RuleContext): number => {
  const shape = c.shape(c.x[0]!);
  return axesOf(c).reduce((n, a) => n * shape[a]!, 1);
};

/** Ties share the cotangent equally. */
function extremum(op: string): Rule {
  return reduction(op, (c, kept) => {
    const wins = c.g.indicator(c.g.equal(c.x[0]!, kept(c.y[0]!)));
    return c.g.div(wins, c.g.sum(wins, axesOf(c), true));
  });
}

/** Each value was added to all that come after it, so its gradient is the sum from the other end. */
const cumSum = rule('CumSum', ({ node, g, x, dy }) => [
  () =>
    g.graph.op('CumSum', [dy, x[1]!], {
      exclusive: attrInt(node, 'exclusive', 0),
      reverse: 1 - attrInt(node, 'reverse', 0),
    }),
]);

export const reduceRules: readonly Rule[] = [
  cumSum,
  reduction('ReduceSum', () => 1),
  reduction('ReduceMean', (c) => 1 / countOf(c)),
  reduction('ReduceSumSquare', (c) => c.g.mul(c.x[0]!, 2)),
  reduction('ReduceL1', (c) => c.g.sign(c.x[0]!)),
  reduction('ReduceL2', (c, kept) => c.g.div(c.x[0]!, kept(c.y[0]!))),
  reduction('ReduceProd', (c, kept) => c.g.div(kept(c.y[0]!), c.x[0]!)),
  // y = log Σ x, so 1/Σ x = e^(−y)
  reduction('ReduceLogSum', (c, kept) => kept(c.g.exp(c.g.neg(c.y[0]!)))),
  reduction('ReduceLogSumExp', (c, kept) => c.g.exp(c.g.sub(c.x[0]!, kept(c.y[0]!)))),
  extremum('ReduceMax'),
  extremum('ReduceMin'),
];

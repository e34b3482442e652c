/** Reductions over axes. */
import { attrInt, attrInts } from '../../model/graph.ts';
import { asNumbers } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { productOfOthers } from './product-of-others.ts';
import { orOne, settled } from './settled.ts';

/** Axes as non-negative numbers, from the attribute or the input; undefined where the input is not constant. */
function axesOf(c: RuleContext): number[] | undefined {
  const rank = c.shape(c.x[0]!).length;
  const input = c.x[1] ? c.constant(c.x[1]) : undefined;
  if (c.x[1] && !input) return undefined;
  const axes = attrInts(c.node, 'axes') ?? (input && asNumbers(input));
  if (axes?.length) return axes.map((a) => (a < 0 ? a + rank : a));
  return attrInt(c.node, 'noop_with_empty_axes', 0) === 1 ? [] : Array.from({ length: rank }, (_, i) => i);
}

interface Reduced {
  readonly axes: readonly number[];
  /** How many values each result is made of. */
  readonly count: number;
  /** The result with the reduced axes kept as ones: it broadcasts against the input. */
  readonly y: () => Term;
}

/** A reduction whose input gradient is `factor` times the cotangent, spread over the reduced axes. */
function reduction(op: string, factor: (c: RuleContext, reduced: Reduced) => Term | number): Rule {
  return rule(op, (c) => {
    const axes = axesOf(c);
    return axes ? [() => spread(c, axes, factor)] : [];
  });
}

function spread(c: RuleContext, axes: readonly number[], factor: Parameters<typeof reduction>[1]): Term {
  const { g } = c;
  const shape = c.shape(c.x[0]!);
  const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const y = () => g.reshape(c.y[0]!, kept);
  const f = factor(c, { axes, y, count: axes.reduce((n, a) => n * shape[a]!, 1) });
  const d = g.reshape(c.dy, kept);
  if (f === 1) return g.expand(d, shape);
  const gradient = g.expand(g.mul(d, f), shape);
  return typeof f === 'number' || !c.canDiverge(c.y[0]!) ? gradient : settled(c, gradient, y());
}

/** Ties share the cotangent equally. */
function extremum(op: string): Rule {
  return reduction(op, (c, { axes, y }) => {
    const wins = c.g.indicator(c.g.equal(c.x[0]!, y()));
    return c.g.div(wins, c.g.sum(wins, axes, true));
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
  reduction('ReduceMean', (_, { count }) => 1 / count),
  reduction('ReduceSumSquare', (c) => c.g.mul(c.x[0]!, 2)),
  reduction('ReduceL1', (c) => c.g.sign(c.x[0]!)),
  // x/y; the norm of zeros is 0, and so is the gradient taken there.
  reduction('ReduceL2', ({ g, x }, { y }) => g.div(x[0]!, orOne(g, y()))),
  reduction('ReduceProd', (c, { axes }) => productOfOthers(c.g, c.x[0]!, c.shape(c.x[0]!), axes)),
  // y = log Σ x, so 1/Σ x = e^(−y)
  reduction('ReduceLogSum', ({ g }, { y }) => g.exp(g.neg(y()))),
  reduction('ReduceLogSumExp', ({ g, x }, { y }) => g.exp(g.sub(x[0]!, y()))),
  extremum('ReduceMax'),
  extremum('ReduceMin'),
];

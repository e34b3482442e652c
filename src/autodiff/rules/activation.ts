/** Activation functions: dx = dy · φ′. At a kink the derivative of the branch below is taken, as PyTorch does for ReLU. */
import { attrFloat, attrString } from '../../model/graph.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { pointwise, settled } from './settled.ts';

/** dy where lower < x < upper, else 0. */
function within({ g, dy }: RuleContext, term: Term, lower: number, upper: number): Term {
  return g.where(g.and(g.greater(term, lower), g.less(term, upper)), dy, 0);
}

const sqrt2 = Math.SQRT2;
const invSqrt2Pi = 1 / Math.sqrt(2 * Math.PI);

export const activationRules: readonly Rule[] = [
  // y > 0 exactly where x > 0. A product with an indicator is faster here than Where.
  pointwise('Relu', ({ g, y, dy }) => g.mul(dy, g.sign(y[0]!))),
  pointwise('LeakyRelu', ({ node, g, x, dy }) =>
    g.where(g.greater(x[0]!, 0), dy, g.mul(dy, attrFloat(node, 'alpha', 0.01))),
  ),
  rule('PRelu', (c) => {
    const { g, x, y, dy } = c;
    const positive = () => g.greater(x[0]!, 0);
    return [
      () => settled(c, g.where(positive(), dy, g.mul(dy, x[1]!))),
      () => {
        const slope = settled(c, g.where(positive(), g.value(0), g.mul(dy, x[0]!)));
        return g.unbroadcast(slope, c.shape(y[0]!), c.shape(x[1]!));
      },
    ];
  }),
  pointwise('Elu', ({ node, g, x, y, dy }) =>
    g.where(g.greater(x[0]!, 0), dy, g.mul(dy, g.add(y[0]!, attrFloat(node, 'alpha', 1)))),
  ),
  pointwise('Selu', ({ node, g, x, y, dy }) => {
    const alpha = attrFloat(node, 'alpha', 1.6732632);
    const gamma = attrFloat(node, 'gamma', 1.050701);
    return g.where(g.greater(x[0]!, 0), g.mul(dy, gamma), g.mul(dy, g.add(y[0]!, alpha * gamma)));
  }),
  pointwise('Celu', ({ node, g, x, dy }) =>
    g.where(g.greater(x[0]!, 0), dy, g.mul(dy, g.exp(g.mul(x[0]!, 1 / attrFloat(node, 'alpha', 1))))),
  ),
  pointwise('Softsign', ({ g, x, dy }) => g.div(dy, g.square(g.add(g.graph.op('Abs', [x[0]!]), 1)))),
  pointwise('Softplus', ({ g, x, dy }) => g.mul(dy, g.graph.op('Sigmoid', [x[0]!]))),
  rule('ThresholdedRelu', ({ node, g, x, dy }) => [
    () => g.where(g.greater(x[0]!, attrFloat(node, 'alpha', 1)), dy, 0),
  ]),
  // x moved towards zero by the bias outside [−λ, λ], zero inside.
  rule('Shrink', ({ node, g, x, dy }) => [
    () => g.where(g.greater(g.graph.op('Abs', [x[0]!]), attrFloat(node, 'lambd', 0.5)), dy, 0),
  ]),
  // x·t with t = tanh(softplus(x)): t + x·(1 − t²)·σ(x)
  pointwise('Mish', ({ g, x, dy }) => {
    const t = g.graph.op('Tanh', [g.graph.op('Softplus', [x[0]!])]);
    const slope = g.mul(g.sub(1, g.square(t)), g.graph.op('Sigmoid', [x[0]!]));
    return g.mul(dy, g.add(t, g.mul(x[0]!, slope)));
  }),
  // x·s with s = σ(αx): s + αx·s·(1 − s) = s + αy·(1 − s)
  pointwise('Swish', ({ node, g, x, y, dy }) => {
    const alpha = attrFloat(node, 'alpha', 1);
    const s = g.graph.op('Sigmoid', [g.mul(x[0]!, alpha)]);
    return g.mul(dy, g.add(s, g.mul(g.mul(y[0]!, alpha), g.sub(1, s))));
  }),
  rule('Clip', (c) => [
    () => passed(c),
    // A limit has the cotangents of what it stopped; where the limits cross, the upper one stops everything.
    () => {
      const { g, x, dy } = c;
      const stopped = g.less(x[0]!, x[1]!);
      const lower = x[2] ? g.and(stopped, g.graph.op('LessOrEqual', [x[1]!, x[2]])) : stopped;
      return g.reshape(g.sum(g.where(lower, dy, 0)), c.shape(x[1]!));
    },
    () => {
      const { g, x, dy } = c;
      const raised = x[1] ? g.max(x[0]!, x[1]) : x[0]!;
      return g.reshape(g.sum(g.where(g.greater(raised, x[2]!), dy, 0)), c.shape(x[2]!));
    },
  ]),
  pointwise('Tanh', ({ g, y, dy }) => g.mul(dy, g.sub(1, g.square(y[0]!)))),
  pointwise('Sigmoid', ({ g, y, dy }) => g.mul(dy, g.mul(y[0]!, g.sub(1, y[0]!)))),
  pointwise('HardSigmoid', (c) => c.g.mul(within(c, c.y[0]!, 0, 1), attrFloat(c.node, 'alpha', 0.2))),
  // x·clip(x/6 + 1/2, 0, 1): derivative x/3 + 1/2 on (−3, 3), 1 above, 0 below.
  pointwise('HardSwish', ({ g, x, dy }) => {
    const slope = g.where(g.greater(x[0]!, -3), g.add(g.mul(x[0]!, 1 / 3), 0.5), 0);
    return g.mul(dy, g.where(g.less(x[0]!, 3), slope, 1));
  }),
  // Φ(x) + x·φ(x); the tanh form differentiates its own formula.
  pointwise('Gelu', ({ node, g, x, dy }) => {
    if (attrString(node, 'approximate', 'none') === 'none') {
      const cdf = g.mul(g.add(g.graph.op('Erf', [g.mul(x[0]!, 1 / sqrt2)]), 1), 0.5);
      const pdf = g.mul(g.exp(g.mul(g.square(x[0]!), -0.5)), invSqrt2Pi);
      return g.mul(dy, g.add(cdf, g.mul(x[0]!, pdf)));
    }
    const k = Math.sqrt(2 / Math.PI);
    // Beyond ±16 tanh is ±1 and its slope 0, by which nothing that has overflowed must be multiplied.
    const near = g.graph.op('Clip', [x[0]!, g.value(-16), g.value(16)]);
    const x2 = g.square(near);
    const t = g.graph.op('Tanh', [g.mul(g.mul(near, g.add(g.mul(x2, 0.044715), 1)), k)]);
    const inner = g.mul(g.add(g.mul(x2, 3 * 0.044715), 1), k);
    const slope = g.mul(g.mul(g.sub(1, g.square(t)), inner), g.mul(near, 0.5));
    return g.mul(dy, g.add(g.mul(g.add(t, 1), 0.5), slope));
  }),
];

/** dy where the value lies between the limits or on one. */
function passed({ g, x, dy }: RuleContext): Term {
  const above = x[1] && g.graph.op('GreaterOrEqual', [x[0]!, x[1]]);
  const below = x[2] && g.graph.op('LessOrEqual', [x[0]!, x[2]]);
  const inside = above && below ? g.and(above, below) : above || below;
  return inside ? g.where(inside, dy, 0) : dy;
}

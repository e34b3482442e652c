/** Activation functions: dx = dy · φ′. At a kink the derivative of the branch below is taken, as PyTorch does for ReLU. */
import { attrFloat, attrString } from '../../model/graph.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';

/** dy where lower < x < upper, else 0. */
function within({ g, dy }: RuleContext, term: string, lower: number, upper: number): string {
  return g.where(g.and(g.greater(term, lower), g.less(term, upper)), dy, 0);
}

const sqrt2 = Math.SQRT2;
const invSqrt2Pi = 1 / Math.sqrt(2 * Math.PI);

export const activationRules: readonly Rule[] = [
  // y > 0 exactly where x > 0. A product with an indicator is faster here than Where.
  rule('Relu', ({ g, y, dy }) => [() => g.mul(dy, g.sign(y[0]!))]),
  rule('LeakyRelu', ({ node, g, x, dy }) => [
    () => g.where(g.greater(x[0]!, 0), dy, g.mul(dy, attrFloat(node, 'alpha', 0.01))),
  ]),
  rule('PRelu', (c) => {
    const { g, x, y, dy } = c;
    const positive = () => g.greater(x[0]!, 0);
    return [
      () => g.where(positive(), dy, g.mul(dy, x[1]!)),
      () => g.unbroadcast(g.where(positive(), g.mul(dy, 0), g.mul(dy, x[0]!)), c.shape(y[0]!), c.shape(x[1]!)),
    ];
  }),
  rule('Elu', ({ node, g, x, y, dy }) => [
    () => g.where(g.greater(x[0]!, 0), dy, g.mul(dy, g.add(y[0]!, attrFloat(node, 'alpha', 1)))),
  ]),
  rule('Selu', ({ node, g, x, y, dy }) => [
    () => {
      const alpha = attrFloat(node, 'alpha', 1.6732632);
      const gamma = attrFloat(node, 'gamma', 1.050701);
      return g.where(g.greater(x[0]!, 0), g.mul(dy, gamma), g.mul(dy, g.add(y[0]!, alpha * gamma)));
    },
  ]),
  rule('Celu', ({ node, g, x, dy }) => [
    () => g.where(g.greater(x[0]!, 0), dy, g.mul(dy, g.exp(g.mul(x[0]!, 1 / attrFloat(node, 'alpha', 1))))),
  ]),
  rule('Softsign', ({ g, x, dy }) => [() => g.div(dy, g.square(g.add(g.graph.op('Abs', [x[0]!]), 1)))]),
  rule('Softplus', ({ g, x, dy }) => [() => g.mul(dy, g.graph.op('Sigmoid', [x[0]!]))]),
  rule('ThresholdedRelu', ({ node, g, x, dy }) => [
    () => g.where(g.greater(x[0]!, attrFloat(node, 'alpha', 1)), dy, 0),
  ]),
  // x moved towards zero by the bias outside [−λ, λ], zero inside.
  rule('Shrink', ({ node, g, x, dy }) => [
    () => g.where(g.greater(g.graph.op('Abs', [x[0]!]), attrFloat(node, 'lambd', 0.5)), dy, 0),
  ]),
  // x·t with t = tanh(softplus(x)): t + x·(1 − t²)·σ(x)
  rule('Mish', ({ g, x, dy }) => [
    () => {
      const t = g.graph.op('Tanh', [g.graph.op('Softplus', [x[0]!])]);
      const slope = g.mul(g.sub(1, g.square(t)), g.graph.op('Sigmoid', [x[0]!]));
      return g.mul(dy, g.add(t, g.mul(x[0]!, slope)));
    },
  ]),
  // x·s with s = σ(αx): s + αx·s·(1 − s) = s + αy·(1 − s)
  rule('Swish', ({ node, g, x, y, dy }) => [
    () => {
      const alpha = attrFloat(node, 'alpha', 1);
      const s = g.graph.op('Sigmoid', [g.mul(x[0]!, alpha)]);
      return g.mul(dy, g.add(s, g.mul(g.mul(y[0]!, alpha), g.sub(1, s))));
    },
  ]),
  rule('Clip', (c) => {
    const { g, x, dy } = c;
    return [
      () => {
        let inside: string | undefined;
        if (x[1]) inside = g.graph.op('GreaterOrEqual', [x[0]!, x[1]]);
        if (x[2]) {
          const below = g.graph.op('LessOrEqual', [x[0]!, x[2]]);
          inside = inside ? g.and(inside, below) : below;
        }
        return inside ? g.where(inside, dy, 0) : dy;
      },
      // A limit has the cotangents of what it stopped.
      () => g.reshape(g.sum(g.where(g.less(x[0]!, x[1]!), dy, 0)), c.shape(x[1]!)),
      () => g.reshape(g.sum(g.where(g.greater(x[0]!, x[2]!), dy, 0)), c.shape(x[2]!)),
    ];
  }),
  rule('Tanh', ({ g, y, dy }) => [() => g.mul(dy, g.sub(1, g.square(y[0]!)))]),
  rule('Sigmoid', ({ g, y, dy }) => [() => g.mul(dy, g.mul(y[0]!, g.sub(1, y[0]!)))]),
  rule('HardSigmoid', (c) => {
    const alpha = attrFloat(c.node, 'alpha', 0.2);
    return [() => c.g.mul(within(c, c.y[0]!, 0, 1), alpha)];
  }),
  // x·clip(x/6 + 1/2, 0, 1): derivative x/3 + 1/2 on (−3, 3), 1 above, 0 below.
  rule('HardSwish', ({ g, x, dy }) => [
    () => {
      const slope = g.where(g.greater(x[0]!, -3), g.add(g.mul(x[0]!, 1 / 3), 0.5), 0);
      return g.mul(dy, g.where(g.less(x[0]!, 3), slope, 1));
    },
  ]),
  // Φ(x) + x·φ(x); the tanh form differentiates its own formula.
  rule('Gelu', ({ node, g, x, dy }) => [
    () => {
      if (attrString(node, 'approximate', 'none') === 'none') {
        const cdf = g.mul(g.add(g.graph.op('Erf', [g.mul(x[0]!, 1 / sqrt2)]), 1), 0.5);
        const pdf = g.mul(g.exp(g.mul(g.square(x[0]!), -0.5)), invSqrt2Pi);
        return g.mul(dy, g.add(cdf, g.mul(x[0]!, pdf)));
      }
      const k = Math.sqrt(2 / Math.PI);
      const x2 = g.square(x[0]!);
      const t = g.graph.op('Tanh', [g.mul(g.mul(x[0]!, g.add(g.mul(x2, 0.044715), 1)), k)]);
      const inner = g.mul(g.add(g.mul(x2, 3 * 0.044715), 1), k);
      const slope = g.mul(g.mul(g.sub(1, g.square(t)), inner), g.mul(x[0]!, 0.5));
      return g.mul(dy, g.add(g.mul(g.add(t, 1), 0.5), slope));
    },
  ]),
  // dx = y ⊙ (dy − Σ dy ⊙ y)
  rule('Softmax', (c) => {
    const { g, y, dy } = c;
    const axis = axisOf(c);
    return [() => g.mul(y[0]!, g.sub(dy, g.sum(g.mul(dy, y[0]!), [axis], true)))];
  }),
  // dx = dy − softmax(x) · Σ dy
  rule('LogSoftmax', (c) => {
    const { g, y, dy } = c;
    const axis = axisOf(c);
    return [() => g.sub(dy, g.mul(g.exp(y[0]!), g.sum(dy, [axis], true)))];
  }),
];

function axisOf({ node, shape, x }: RuleContext): number {
  const axis = node.attributes.axis;
  const value = axis?.type === 'int' ? Number(axis.value) : -1;
  return value < 0 ? value + shape(x[0]!).length : value;
}

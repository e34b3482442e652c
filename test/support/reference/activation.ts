import { attrString } from '../../../src/model/graph.ts';
import { type Call, float, type Operator, type Operators, required } from './call.ts';
import { atBroadcast, tabulate } from './value.ts';

const map =
  (f: (x: number, call: Call) => number): Operator =>
  (call) => {
    const x = required(call, 0);
    return { ...x, data: x.data.map((v) => f(v, call)) };
  };

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
/** log(1 + e^x) without overflow. */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

/** erf(x) = 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!! — every term has the sign of x, so nothing cancels. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function gelu(x: number, call: Call): number {
  if (attrString(call.node, 'approximate', 'none') === 'tanh') {
    return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  }
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

export const activations: Operators = {
  Relu: map((x) => Math.max(x, 0)),
  LeakyRelu: map((x, call) => (x < 0 ? float(call, 'alpha', 0.01) * x : x)),
  ThresholdedRelu: map((x, call) => (x > float(call, 'alpha', 1) ? x : 0)),
  Elu: map((x, call) => (x < 0 ? float(call, 'alpha', 1) * Math.expm1(x) : x)),
  Celu: map((x, call) => {
    const alpha = float(call, 'alpha', 1);
    return Math.max(x, 0) + Math.min(0, alpha * Math.expm1(x / alpha));
  }),
  Selu: map((x, call) => {
    const alpha = float(call, 'alpha', 1.6732632423543772);
    const gamma = float(call, 'gamma', 1.0507009873554805);
    return gamma * (x < 0 ? alpha * Math.expm1(x) : x);
  }),
  Tanh: map(Math.tanh),
  Sigmoid: map(sigmoid),
  HardSigmoid: map((x, call) => clamp(float(call, 'alpha', 0.2) * x + float(call, 'beta', 0.5), 0, 1)),
  HardSwish: map((x) => x * clamp(x / 6 + 0.5, 0, 1)),
  Softplus: map(softplus),
  Softsign: map((x) => x / (1 + Math.abs(x))),
  Mish: map((x) => x * Math.tanh(softplus(x))),
  Shrink: map((x, call) => {
    const [lambda, bias] = [float(call, 'lambd', 0.5), float(call, 'bias', 0)];
    return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
  }),
  Swish: map((x, call) => x * sigmoid(float(call, 'alpha', 1) * x)),
  Erf: map(erf),
  Gelu: map(gelu),

  PRelu: (call) => {
    const x = required(call, 0);
    const slope = required(call, 1);
    return tabulate(x.dtype, x.shape, (index, i) => (x.data[i]! < 0 ? atBroadcast(slope, index) : 1) * x.data[i]!);
  },

  /** Limits are attributes before opset 11, inputs since. */
  Clip: (call) => {
    const x = required(call, 0);
    const low = call.inputs[1]?.data[0] ?? float(call, 'min', Number.NEGATIVE_INFINITY);
    const high = call.inputs[2]?.data[0] ?? float(call, 'max', Number.POSITIVE_INFINITY);
    return { ...x, data: x.data.map((v) => clamp(v, low, high)) };
  },
};

import { attrInt, attrString } from '../../../model/graph.ts';
import { type Call, float, type Operator, type Operators, positiveAxis, range, tensor } from '../call.ts';
import type { TfTensor } from '../library.ts';
import { unary } from './elementwise.ts';

/** x where it is positive, something else below. */
function positiveOr(call: Call, x: TfTensor, below: TfTensor): TfTensor {
  return call.tf.where(call.tf.greater(x, 0), x, below);
}

/** α (exp(x / β) − 1), which must not overflow where it is not used. */
function saturating(call: Call, x: TfTensor, alpha: number, beta = 1): TfTensor {
  const { tf } = call;
  return tf.mul(tf.expm1(tf.div(tf.minimum(x, 0), beta)), alpha);
}

const clip: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const bound = (name: string, i: number): TfTensor | undefined => {
    if (call.opset >= 11) return call.inputs[i]?.tensor;
    return call.node.attributes[name] ? tf.scalar(float(call, name, 0)) : undefined;
  };
  const [low, high] = [bound('min', 1), bound('max', 2)];
  const raised = low ? tf.maximum(x, low) : tf.clone(x);
  return high ? tf.minimum(raised, high) : raised;
};

const gelu: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const bell =
    attrString(call.node, 'approximate', 'none') === 'tanh'
      ? tf.tanh(tf.mul(tf.add(x, tf.mul(tf.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI)))
      : tf.erf(tf.div(x, Math.SQRT2));
  return tf.mul(tf.mul(x, 0.5), tf.add(bell, 1));
};

const hardSigmoid = (call: Call, alpha: number, beta: number): TfTensor =>
  call.tf.clipByValue(call.tf.add(call.tf.mul(tensor(call, 0), alpha), beta), 0, 1);

/** Before opset 13 all axes from `axis` on count as one. */
const softmax =
  (logarithm: boolean): Operator =>
  (call) => {
    const { tf } = call;
    const x = tensor(call, 0);
    const axis = positiveAxis(attrInt(call.node, 'axis', call.opset < 13 ? 1 : -1), x.rank);
    const axes = call.opset < 13 ? range(x.rank).slice(axis) : [axis];
    const shifted = tf.sub(x, tf.max(x, axes, true));
    const total = tf.sum(tf.exp(shifted), axes, true);
    return logarithm ? tf.sub(shifted, tf.log(total)) : tf.div(tf.exp(shifted), total);
  };

/** One at the first largest element. */
const hardmax: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', call.opset < 13 ? 1 : -1), x.rank);
  const axes = call.opset < 13 ? range(x.rank).slice(axis) : [axis];
  const order = [...range(x.rank).filter((d) => !axes.includes(d)), ...axes];
  const apart = tf.transpose(x, order);
  const count = axes.reduce((n, d) => n * x.shape[d]!, 1);
  const flat = tf.reshape(apart, [-1, count]);
  const first = tf.expandDims(tf.cast(tf.argMax(flat, 1), 'int32'), 1);
  const hot = tf.cast(tf.equal(first, tf.range(0, count, 1, 'int32')), 'float32');
  return tf.transpose(
    tf.reshape(hot, apart.shape),
    range(x.rank).map((d) => order.indexOf(d)),
  );
};

const shrink: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const lambda = float(call, 'lambd', 0.5);
  const moved = tf.sub(x, tf.mul(tf.sign(x), float(call, 'bias', 0)));
  return tf.where(tf.greater(tf.abs(x), lambda), moved, tf.zerosLike(x));
};

export const activations: Operators = {
  Relu: unary((tf, x) => tf.relu(x)),
  LeakyRelu: (call) => {
    const x = tensor(call, 0);
    return positiveOr(call, x, call.tf.mul(x, float(call, 'alpha', 0.01)));
  },
  PRelu: (call) => {
    const { tf } = call;
    const x = tensor(call, 0);
    return tf.add(tf.relu(x), tf.mul(tf.minimum(x, 0), tensor(call, 1)));
  },
  ThresholdedRelu: (call) => {
    const { tf } = call;
    const x = tensor(call, 0);
    return tf.where(tf.greater(x, float(call, 'alpha', 1)), x, tf.zerosLike(x));
  },
  Elu: (call) => {
    const x = tensor(call, 0);
    return positiveOr(call, x, saturating(call, x, float(call, 'alpha', 1)));
  },
  Celu: (call) => {
    const x = tensor(call, 0);
    const alpha = float(call, 'alpha', 1);
    return positiveOr(call, x, saturating(call, x, alpha, alpha));
  },
  Selu: (call) => {
    const x = tensor(call, 0);
    const below = saturating(call, x, float(call, 'alpha', 1.6732632));
    return call.tf.mul(positiveOr(call, x, below), float(call, 'gamma', 1.050701));
  },
  HardSigmoid: (call) => hardSigmoid(call, float(call, 'alpha', 0.2), float(call, 'beta', 0.5)),
  HardSwish: (call) => call.tf.mul(tensor(call, 0), hardSigmoid(call, 1 / 6, 0.5)),
  Tanh: unary((tf, x) => tf.tanh(x)),
  Sigmoid: unary((tf, x) => tf.sigmoid(x)),
  Softplus: unary((tf, x) => tf.softplus(x)),
  Softsign: unary((tf, x) => tf.div(x, tf.add(tf.abs(x), 1))),
  Mish: unary((tf, x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  Swish: (call) => call.tf.mul(tensor(call, 0), call.tf.sigmoid(call.tf.mul(tensor(call, 0), float(call, 'alpha', 1)))),
  Shrink: shrink,
  Hardmax: hardmax,
  Erf: unary((tf, x) => tf.erf(x)),
  Gelu: gelu,
  Clip: clip,
  Softmax: softmax(false),
  LogSoftmax: softmax(true),
};

import { attrInt, attrInts } from '../../../model/graph.ts';
import { type Call, float, type Operator, type Operators, positiveAxis, type Result, range, tensor } from '../call.ts';
import type { TfTensor } from '../library.ts';
import { perChannel } from './convolution.ts';

/** γ (x − μ)/√(σ² + ε) + β with the statistics given, or in training those of the batch, the running ones beside. */
const batchNormalization: Operator = (call): Result | readonly Result[] => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => perChannel(call, i, x.rank));
  const apply = (mu: TfTensor, sigma2: TfTensor): TfTensor => {
    const factor = tf.mul(scale!, tf.rsqrt(tf.add(sigma2, float(call, 'epsilon', 1e-5))));
    return tf.add(tf.mul(tf.sub(x, mu), factor), shift!);
  };
  const training = attrInt(node, 'training_mode', 0) === 1 || (call.opset < 14 && node.outputs.length > 1);
  if (!training) return apply(mean!, variance!);
  const axes = range(x.rank).filter((d) => d !== 1);
  const own = tf.mean(x, axes, true);
  const spread = tf.mean(tf.square(tf.sub(x, own)), axes, true);
  const momentum = float(call, 'momentum', 0.9);
  const flat = (t: TfTensor) => tf.reshape(t, [-1]);
  const running = (old: TfTensor, now: TfTensor) => flat(tf.add(tf.mul(old, momentum), tf.mul(now, 1 - momentum)));
  const results = [
    apply(tf.reshape(own, mean!.shape), tf.reshape(spread, mean!.shape)),
    running(mean!, tf.reshape(own, mean!.shape)),
    running(variance!, tf.reshape(spread, mean!.shape)),
    // Before opset 14.
    flat(own),
    flat(spread),
  ];
  return results.slice(0, node.outputs.length);
};

/** (x − mean)/√(variance + ε) over the axes, with the mean and the inverse deviation. */
function standardized(call: Call, x: TfTensor, axes: number[]) {
  const { tf } = call;
  const mean = tf.mean(x, axes, true);
  const centred = tf.sub(x, mean);
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), axes, true), float(call, 'epsilon', 1e-5)));
  return { y: tf.mul(centred, inverse), mean, inverse };
}

const instanceNormalization: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const { y } = standardized(call, x, range(x.rank).slice(2));
  return tf.add(tf.mul(y, perChannel(call, 1, x.rank)), perChannel(call, 2, x.rank));
};

/** Outputs: the result, the mean, and the inverse deviation. */
const layerNormalization: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', -1), x.rank);
  const { y, mean, inverse } = standardized(call, x, range(x.rank).slice(axis));
  const scaled = tf.mul(y, tensor(call, 1));
  const result = call.inputs[2] ? tf.add(scaled, tensor(call, 2)) : scaled;
  const results: Result[] = [result, mean, inverse];
  return results.slice(0, Math.max(call.node.outputs.length, 1));
};

/** Without the mean taken off. */
const rmsNormalization: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axes = range(x.rank).slice(positiveAxis(attrInt(call.node, 'axis', -1), x.rank));
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(x), axes, true), float(call, 'epsilon', 1e-5)));
  return tf.mul(tf.mul(x, inverse), tensor(call, 1));
};

/** Scale and bias are one a group before opset 21, one a channel since. */
const groupNormalization: Operator = (call) => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const [n, channels, ...spatial] = x.shape as [number, number, ...number[]];
  const groups = attrInt(node, 'num_groups', 1);
  const { y } = standardized(call, tf.reshape(x, [n, groups, -1]), [2]);
  const repeat = call.opset < 21 ? channels / groups : 1;
  const own = (i: number) => {
    const each = tf.reshape(tf.tile(tf.reshape(tensor(call, i), [-1, 1]), [1, repeat]), [-1]);
    return tf.reshape(each, [channels, ...spatial.map(() => 1)]);
  };
  return tf.add(tf.mul(tf.reshape(y, x.shape), own(1)), own(2));
};

const meanVariance: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axes = (attrInts(call.node, 'axes') ?? [0, 2, 3]).map((a) => positiveAxis(a, x.rank));
  const centred = tf.sub(x, tf.mean(x, axes, true));
  return tf.div(centred, tf.sqrt(tf.mean(tf.square(centred), axes, true)));
};

const lpNormalization: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', -1), x.rank);
  const p = attrInt(call.node, 'p', 2);
  return tf.div(x, tf.pow(tf.sum(tf.pow(tf.abs(x), p), axis, true), 1 / p));
};

/** The window of `size` channels begins (size − 1) / 2 before, rounded down. */
const localResponse: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const size = attrInt(call.node, 'size', 1);
  const before = Math.floor((size - 1) / 2);
  const channels = x.shape[1]!;
  const widths = x.shape.map((_, d): [number, number] => (d === 1 ? [before, size - 1 - before] : [0, 0]));
  const squares = tf.pad(tf.square(x), widths);
  const begin = (i: number) => x.shape.map((_, d) => (d === 1 ? i : 0));
  const extent = x.shape.map((n, d) => (d === 1 ? channels : n));
  const total = tf.addN(range(size).map((i) => tf.slice(squares, begin(i), extent)));
  const base = tf.add(tf.mul(total, float(call, 'alpha', 1e-4) / size), float(call, 'bias', 1));
  return tf.div(x, tf.pow(base, float(call, 'beta', 0.75)));
};

export const normalizations: Operators = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  RMSNormalization: rmsNormalization,
  GroupNormalization: groupNormalization,
  MeanVarianceNormalization: meanVariance,
  LpNormalization: lpNormalization,
  LRN: localResponse,
};

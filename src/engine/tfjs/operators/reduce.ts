import { attrInt } from '../../../model/graph.ts';
import {
  type Call,
  input,
  intsFrom,
  type Operator,
  type Operators,
  positiveAxis,
  type Result,
  range,
  tensor,
} from '../call.ts';
import type { Tf, TfTensor } from '../library.ts';

type Reduction = (tf: Tf, x: TfTensor, axes: number[], keep: boolean) => TfTensor;

function reduction(f: Reduction): Operator {
  return (call) => {
    const { tf, node } = call;
    const x = tensor(call, 0);
    const given = intsFrom(call, 'axes', 1) ?? [];
    if (given.length === 0 && attrInt(node, 'noop_with_empty_axes', 0) === 1) return tf.clone(x);
    const axes = given.length > 0 ? given.map((a) => positiveAxis(a, x.rank)) : range(x.rank);
    return f(tf, x, axes, attrInt(node, 'keepdims', 1) === 1);
  };
}

const logSumExp: Reduction = (tf, x, axes, keep) => {
  const max = tf.max(x, axes, true);
  const sum = tf.log(tf.sum(tf.exp(tf.sub(x, max)), axes, keep));
  return tf.add(sum, tf.reshape(max, sum.shape));
};

/** The first of equals wins, or the last with `select_last_index`. */
const argument =
  (f: 'argMax' | 'argMin'): Operator =>
  (call) => {
    const { tf, node } = call;
    const x = tensor(call, 0);
    const axis = positiveAxis(attrInt(node, 'axis', 0), x.rank);
    const last = attrInt(node, 'select_last_index', 0) === 1;
    const found = tf.cast(tf[f](last ? tf.reverse(x, axis) : x, axis), 'int32');
    const index = last ? tf.sub(tf.scalar(x.shape[axis]! - 1, 'int32'), found) : found;
    const keep = attrInt(node, 'keepdims', 1) === 1;
    return { dtype: 'int64', tensor: keep ? tf.expandDims(index, axis) : index };
  };

const cumulative: Operator = (call) => {
  const x = tensor(call, 0);
  const [axis = 0] = input(call, 1).numbers();
  const flag = (name: string) => attrInt(call.node, name, 0) === 1;
  return call.tf.cumsum(x, positiveAxis(axis, x.rank), flag('exclusive'), flag('reverse'));
};

/** Outputs: values and indices. Only the last axis: TensorFlow.js knows no other. */
const topK: Operator = (call: Call): readonly Result[] => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const [k = 1] = call.inputs[1]?.numbers() ?? [attrInt(node, 'k', 1)];
  const axis = positiveAxis(attrInt(node, 'axis', -1), x.rank);
  const perm = range(x.rank);
  [perm[axis], perm[x.rank - 1]] = [x.rank - 1, axis];
  const sign = attrInt(node, 'largest', 1) === 1 ? 1 : -1;
  const { values, indices } = tf.topk(tf.mul(tf.transpose(x, perm), sign), k, true);
  const back = (t: TfTensor) => tf.transpose(t, perm);
  return [back(tf.mul(values, sign)), { dtype: 'int64', tensor: back(indices) }];
};

export const reductions: Operators = {
  ReduceSum: reduction((tf, x, axes, keep) => tf.sum(x, axes, keep)),
  ReduceMean: reduction((tf, x, axes, keep) => tf.mean(x, axes, keep)),
  ReduceMax: reduction((tf, x, axes, keep) => tf.max(x, axes, keep)),
  ReduceMin: reduction((tf, x, axes, keep) => tf.min(x, axes, keep)),
  ReduceProd: reduction((tf, x, axes, keep) => tf.prod(x, axes, keep)),
  ReduceL1: reduction((tf, x, axes, keep) => tf.sum(tf.abs(x), axes, keep)),
  ReduceL2: reduction((tf, x, axes, keep) => tf.sqrt(tf.sum(tf.square(x), axes, keep))),
  ReduceSumSquare: reduction((tf, x, axes, keep) => tf.sum(tf.square(x), axes, keep)),
  ReduceLogSum: reduction((tf, x, axes, keep) => tf.log(tf.sum(x, axes, keep))),
  ReduceLogSumExp: reduction(logSumExp),
  ArgMax: argument('argMax'),
  ArgMin: argument('argMin'),
  CumSum: cumulative,
  TopK: topK,
};

import { attrInt } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required, unsupported } from './call.ts';
import { at, atBroadcast, forEachIndex, positiveAxis, tabulate, type Value } from './value.ts';

export const normalizations: Operators = {
  /** X [N, C, …], scale, B, mean, var [C]; inference only. */
  BatchNormalization: (call) => {
    if (attrInt(call.node, 'training_mode', 0) !== 0) unsupported(call, 'training_mode');
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => required(call, i)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const epsilon = float(call, 'epsilon', 1e-5);
    return tabulate(x.dtype, x.shape, ([, c = 0], i) => {
      const normal = (x.data[i]! - mean.data[c]!) / Math.sqrt(variance.data[c]! + epsilon);
      return normal * scale.data[c]! + bias.data[c]!;
    });
  },

  /** Over the spatial axes of each channel of each example. */
  InstanceNormalization: (call) => {
    const x = required(call, 0);
    const epsilon = float(call, 'epsilon', 1e-5);
    const { mean, variance } = moments(x, 2);
    return tabulate(x.dtype, x.shape, ([n, c], i) => {
      const group = n! * x.shape[1]! + c!;
      const normal = (x.data[i]! - mean[group]!) / Math.sqrt(variance[group]! + epsilon);
      return normal * required(call, 1).data[c!]! + required(call, 2).data[c!]!;
    });
  },

  /** Over the axes from `axis` on. Outputs Y, Mean, InvStdDev. */
  LayerNormalization: (call) => {
    const x = required(call, 0);
    const scale = required(call, 1);
    const bias = call.inputs[2];
    const axis = positiveAxis(attrInt(call.node, 'axis', -1), x.shape.length);
    const epsilon = float(call, 'epsilon', 1e-5);
    const { mean, variance, groupSize } = moments(x, axis);
    const inverse = variance.map((v) => 1 / Math.sqrt(v + epsilon));
    const reduced = x.shape.map((n, d) => (d < axis ? n : 1));
    const y = tabulate(x.dtype, x.shape, (index, i) => {
      const group = Math.floor(i / groupSize);
      const normal = (x.data[i]! - mean[group]!) * inverse[group]!;
      return normal * atBroadcast(scale, index) + (bias ? atBroadcast(bias, index) : 0);
    });
    return [y, tabulate('float32', reduced, (_, i) => mean[i]!), tabulate('float32', reduced, (_, i) => inverse[i]!)];
  },

  /** Across neighbouring channels. */
  LRN: (call) => {
    const x = required(call, 0);
    const size = attrInt(call.node, 'size', 1);
    const alpha = float(call, 'alpha', 1e-4);
    const beta = float(call, 'beta', 0.75);
    const bias = float(call, 'bias', 1);
    return tabulate(x.dtype, x.shape, ([n, c, ...rest], i) => {
      const first = Math.max(0, c! - Math.floor((size - 1) / 2));
      const last = Math.min(x.shape[1]! - 1, c! + Math.ceil((size - 1) / 2));
      let squares = 0;
      for (let k = first; k <= last; k++) squares += at(x, [n!, k, ...rest]) ** 2;
      return x.data[i]! / (bias + (alpha / size) * squares) ** beta;
    });
  },

  Softmax: (call) => softmax(call, (x, max, sum) => Math.exp(x - max) / sum),
  LogSoftmax: (call) => softmax(call, (x, max, sum) => x - max - Math.log(sum)),
};

/** Mean and (biased) variance over the axes from `axis` on, one per index of the axes before. */
function moments(x: Value, axis: number) {
  const groupSize = x.shape.slice(axis).reduce((a, b) => a * b, 1);
  const groups = x.data.length / groupSize;
  const mean: number[] = [];
  const variance: number[] = [];
  for (let g = 0; g < groups; g++) {
    const list = Array.from(x.data.subarray(g * groupSize, (g + 1) * groupSize));
    const m = list.reduce((a, b) => a + b, 0) / groupSize;
    mean.push(m);
    variance.push(list.reduce((a, b) => a + (b - m) ** 2, 0) / groupSize);
  }
  return { mean, variance, groupSize };
}

/** Along one axis since opset 13; before, over everything from `axis` on. */
function softmax(call: Call, f: (x: number, max: number, sum: number) => number): Value {
  const x = required(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', call.opset < 13 ? 1 : -1), x.shape.length);
  const together = (d: number) => (call.opset < 13 ? d >= axis : d === axis);
  const inner = x.shape.map((n, d) => (together(d) ? n : 1));
  return tabulate(x.dtype, x.shape, (index, i) => {
    const list: number[] = [];
    forEachIndex(inner, (k) =>
      list.push(
        at(
          x,
          index.map((v, d) => (together(d) ? k[d]! : v)),
        ),
      ),
    );
    const max = Math.max(...list);
    const sum = list.reduce((s, v) => s + Math.exp(v - max), 0);
    return f(x.data[i]!, max, sum);
  });
}

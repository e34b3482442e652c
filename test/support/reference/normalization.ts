import { attrInt, attrInts } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required } from './call.ts';
import { at, atBroadcast, forEachIndex, type Index, positiveAxis, tabulate, type Value } from './value.ts';

export const normalizations: Operators = {
  /** X [N, C, …], scale, B, mean, var [C]. Training mode takes the moments of the batch, and answers running ones too. */
  BatchNormalization: (call) => {
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => required(call, i)) as [
      Value,
      Value,
      Value,
      Value,
      Value,
    ];
    const epsilon = float(call, 'epsilon', 1e-5);
    const apply = (mu: ArrayLike<number>, sigma2: ArrayLike<number>) =>
      tabulate(x.dtype, x.shape, ([, c = 0], i) => {
        const normal = (x.data[i]! - mu[c]!) / Math.sqrt(sigma2[c]! + epsilon);
        return normal * scale.data[c]! + bias.data[c]!;
      });
    const training = attrInt(call.node, 'training_mode', 0) === 1 || (call.opset < 14 && call.node.outputs.length > 1);
    if (!training) return apply(mean.data, variance.data);
    const batch = channelMoments(x);
    const momentum = float(call, 'momentum', 0.9);
    const running = (old: Value, now: number[]) =>
      tabulate(old.dtype, old.shape, (_, c) => old.data[c]! * momentum + now[c]! * (1 - momentum));
    const saved = (list: number[]) => tabulate(mean.dtype, mean.shape, (_, c) => list[c]!);
    return [
      apply(batch.mean, batch.variance),
      running(mean, batch.mean),
      running(variance, batch.variance),
      // Before opset 14.
      saved(batch.mean),
      saved(batch.variance.map((v) => 1 / Math.sqrt(v + epsilon))),
    ];
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

  /** Over the axes from `axis` on, without a mean. */
  RMSNormalization: (call) => {
    const x = required(call, 0);
    const scale = required(call, 1);
    const { mean, variance, groupSize } = moments(x, positiveAxis(attrInt(call.node, 'axis', -1), x.shape.length));
    const epsilon = float(call, 'epsilon', 1e-5);
    return tabulate(x.dtype, x.shape, (index, i) => {
      const group = Math.floor(i / groupSize);
      // mean x² = variance + mean²
      return (x.data[i]! / Math.sqrt(variance[group]! + mean[group]! ** 2 + epsilon)) * atBroadcast(scale, index);
    });
  },

  /** X [N, C, …]; scale and bias are one a group before opset 21, one a channel since. */
  GroupNormalization: (call) => {
    const x = required(call, 0);
    const [scale, bias] = [required(call, 1), required(call, 2)];
    const groups = attrInt(call.node, 'num_groups', 1);
    const channels = x.shape[1]!;
    const size = channels / groups;
    const epsilon = float(call, 'epsilon', 1e-5);
    const grouped = { ...x, shape: [x.shape[0]!, groups, x.data.length / x.shape[0]! / groups] };
    const { mean, variance } = moments(grouped, 2);
    return tabulate(x.dtype, x.shape, ([n, c], i) => {
      const inGroup = Math.floor(c! / size);
      const group = n! * groups + inGroup;
      const own = call.opset < 21 ? inGroup : c!;
      const normal = (x.data[i]! - mean[group]!) / Math.sqrt(variance[group]! + epsilon);
      return normal * scale.data[own]! + bias.data[own]!;
    });
  },

  /** Over the given axes, together. */
  MeanVarianceNormalization: (call) => {
    const x = required(call, 0);
    const axes = (attrInts(call.node, 'axes') ?? [0, 2, 3]).map((a) => positiveAxis(a, x.shape.length));
    return tabulate(x.dtype, x.shape, (index, i) => {
      const list = along(x, index, axes);
      const mean = list.reduce((a, b) => a + b, 0) / list.length;
      const variance = list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length;
      return (x.data[i]! - mean) / Math.sqrt(variance);
    });
  },

  LpNormalization: (call) => {
    const x = required(call, 0);
    const axis = positiveAxis(attrInt(call.node, 'axis', -1), x.shape.length);
    const p = attrInt(call.node, 'p', 2);
    return tabulate(x.dtype, x.shape, (index, i) => {
      const sum = along(x, index, [axis]).reduce((s, v) => s + Math.abs(v) ** p, 0);
      return x.data[i]! / sum ** (1 / p);
    });
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

  /** One at the maximum, if it is the only one. */
  Hardmax: (call) => softmax(call, (x, max) => Number(x === max)),
  Softmax: (call) => softmax(call, (x, max, sum) => Math.exp(x - max) / sum),
  LogSoftmax: (call) => softmax(call, (x, max, sum) => x - max - Math.log(sum)),
};

/** The elements that share an index but for the given axes. */
function along(x: Value, index: Index, axes: readonly number[]): number[] {
  const list: number[] = [];
  forEachIndex(
    x.shape.map((n, d) => (axes.includes(d) ? n : 1)),
    (k) =>
      list.push(
        at(
          x,
          index.map((v, d) => (axes.includes(d) ? k[d]! : v)),
        ),
      ),
  );
  return list;
}

/** Mean and (biased) variance of each channel over everything else. */
function channelMoments(x: Value): { mean: number[]; variance: number[] } {
  const others = x.shape.flatMap((_, d) => (d === 1 ? [] : [d]));
  const lists = Array.from({ length: x.shape[1]! }, (_, c) =>
    along(
      x,
      x.shape.map((_, d) => (d === 1 ? c : 0)),
      others,
    ),
  );
  const mean = lists.map((list) => list.reduce((a, b) => a + b, 0) / list.length);
  const variance = lists.map((list, c) => list.reduce((a, b) => a + (b - mean[c]!) ** 2, 0) / list.length);
  return { mean, variance };
}

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

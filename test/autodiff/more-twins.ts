/** Further functions in ONNX and in TensorFlow.js: what came after the first networks. */
import * as tf from '@tensorflow/tfjs-core';
import { float32 } from '../../src/model/tensor.ts';
import { type Twin, toFirst, toLast, unary } from './twins.ts';

const localResponse: Twin = (s) => {
  const radius = s.int(0, 2);
  const size = 2 * radius + 1;
  const [alpha, beta, bias] = [0.5, 0.75, 1.5];
  const attributes = { alpha: { float: alpha }, beta: { float: beta }, bias: { float: bias } };
  s.node('LRN', [s.real([s.int(1, 2), s.int(1, 6), 2, 3])], { size, ...attributes });
  // TensorFlow sums over the window where ONNX takes the mean.
  return (x) => toFirst(tf.localResponseNormalization(toLast(x!), radius, bias, alpha / size, beta));
};

const convTranspose: Twin = (s) => {
  const [c, m, k, stride, side] = [s.int(1, 3), s.int(1, 3), s.int(2, 3), s.int(1, 2), s.int(2, 4)];
  const names = [s.real([1, c, side, side]), s.real([c, m, k, k])];
  s.node('ConvTranspose', names, { kernel_shape: [k, k], strides: [stride, stride] });
  const made = (side - 1) * stride + k;
  return (x, w) => {
    const filter = tf.transpose(w!, [2, 3, 1, 0]) as tf.Tensor4D;
    return toFirst(tf.conv2dTranspose(toLast(x!), filter, [1, made, made, m], stride, 'valid'));
  };
};

const resize =
  (mode: 'linear' | 'nearest'): Twin =>
  (s) => {
    // TensorFlow.js swaps rows and columns in the gradient of the bilinear one.
    const side = s.int(2, 4);
    const from = [side, side] as const;
    const to = from.map((n) => n + s.int(0, 4)) as [number, number];
    const x = s.real([1, 2, ...from]);
    const attributes = { mode, coordinate_transformation_mode: 'align_corners', nearest_mode: 'round_prefer_ceil' };
    s.node('Resize', [x, '', '', s.list([1, 2, ...to])], attributes);
    const f = mode === 'linear' ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
    return (a) => toFirst(f(toLast(a!), to, true) as tf.Tensor4D);
  };

const cumulative: Twin = (s) => {
  const shape = s.shape(1, 3);
  // TensorFlow.js differentiates it rightly along the last axis only.
  const axis = shape.length - 1;
  const [exclusive, reverse] = [s.int(0, 1), s.int(0, 1)];
  s.node('CumSum', [s.real(shape), s.list([axis], [])], { exclusive, reverse });
  return (x) => tf.cumsum(x!, axis, exclusive === 1, reverse === 1);
};

const logSum =
  (op: 'ReduceLogSumExp' | 'ReduceLogSum'): Twin =>
  (s) => {
    const shape = s.shape(1, 3);
    const axes = s.order(shape.length).slice(0, s.int(1, shape.length));
    s.node(op, [s.real(shape, 0.5, 2)], { axes, keepdims: 1 });
    return (x) => (op === 'ReduceLogSum' ? tf.log(tf.sum(x!, axes, true)) : tf.logSumExp(x!, axes, true));
  };

const norm =
  (op: 'ReduceL1' | 'ReduceL2', order: number): Twin =>
  (s) => {
    const shape = s.shape(1, 3);
    const axis = s.int(0, shape.length - 1);
    s.node(op, [s.real(shape)], { axes: [axis], keepdims: 0 });
    return (x) => tf.norm(x!, order, axis);
  };

const modulo: Twin = (s) => {
  const shape = s.shape(1, 3);
  s.node('Mod', [s.real(shape, 0.25, 5), s.real(shape, 0.5, 2)], { fmod: 1 });
  return (a, b) => tf.mod(a!, b!);
};

const rmsNorm: Twin = (s) => {
  s.opset = 23;
  const shape = [...s.shape(1, 2), s.int(2, 4)];
  s.node('RMSNormalization', [s.real(shape), s.real(shape.slice(-1))], { epsilon: { float: 0.01 } });
  return (x, gamma) => tf.mul(tf.div(x!, tf.sqrt(tf.add(tf.mean(tf.square(x!), -1, true), 0.01))), gamma!);
};

/** One direction, gates written out: i, o, f, c. */
const lstm: Twin = (s) => {
  const [steps, batch, width, hidden] = [s.int(1, 3), s.int(1, 2), s.int(1, 3), s.int(1, 3)];
  const x = s.real([steps, batch, width]);
  const weights = [s.real([1, 4 * hidden, width]), s.real([1, 4 * hidden, hidden]), s.real([1, 8 * hidden])];
  const y = s.inner('LSTM', [x, ...weights], { hidden_size: hidden });
  s.node('Squeeze', [y, s.list([1])]);
  return (a, w, r, b) => {
    const [bw, br] = tf.split(tf.squeeze(b!, [0]), 2) as [tf.Tensor, tf.Tensor];
    let [h, c] = [tf.zeros([batch, hidden]), tf.zeros([batch, hidden])] as [tf.Tensor, tf.Tensor];
    const states: tf.Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const xt = tf.reshape(tf.slice(a!, [t, 0, 0], [1, batch, width]), [batch, width]);
      const part = (v: tf.Tensor, m: tf.Tensor, bias: tf.Tensor) =>
        tf.add(tf.matMul(v as tf.Tensor2D, tf.squeeze(m, [0]) as tf.Tensor2D, false, true), bias);
      const gates = tf.split(tf.add(part(xt, w!, bw), part(h, r!, br)), 4, 1);
      const [i, o, f, g] = gates as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      h = tf.mul(tf.sigmoid(o), tf.tanh(c));
      states.push(h);
    }
    return tf.stack(states);
  };
};

const groupNorm: Twin = (s) => {
  s.opset = 21;
  const [groups, size] = [s.int(1, 2), s.int(1, 2)];
  const c = groups * size;
  const names = [s.real([1, c, 2, 3]), s.real([c]), s.real([c])];
  s.node('GroupNormalization', names, { num_groups: groups, epsilon: { float: 0.01 } });
  return (x, gamma, beta) => {
    const grouped = tf.reshape(x!, [1, groups, size * 6]);
    const { mean, variance } = tf.moments(grouped, 2, true);
    const normal = tf.reshape(tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 0.01))), [1, c, 2, 3]);
    return tf.add(tf.mul(normal, tf.reshape(gamma!, [c, 1, 1])), tf.reshape(beta!, [c, 1, 1]));
  };
};

const mish: Twin = (s) => {
  s.opset = 18;
  s.node('Mish', [s.real(s.shape(1, 3), -4, 4)]);
  return (x) => tf.mul(x!, tf.tanh(tf.softplus(x!)));
};

const scatterAdd: Twin = (s) => {
  const n = s.int(2, 5);
  const places = s.ints(s.int(1, 5), 0, n - 1);
  const names = [s.real([n]), s.list(places), s.real([places.length])] as const;
  s.node('ScatterElements', [...names], { axis: 0, reduction: 'add' });
  const picks = float32(
    places.flatMap((p) => Array.from({ length: n }, (_, i) => Number(i === p))),
    [places.length, n],
  );
  const matrix = picks.data as Float32Array;
  return (x, updates) => {
    const rows = tf.reshape(updates!, [1, places.length]) as tf.Tensor2D;
    return tf.add(x!, tf.reshape(tf.matMul(rows, tf.tensor2d(matrix, [places.length, n])), [n]));
  };
};

export const moreTwins: Readonly<Record<string, Twin>> = {
  localResponse,
  convTranspose,
  resizeBilinear: resize('linear'),
  resizeNearest: resize('nearest'),
  cumulative,
  logSumExp: logSum('ReduceLogSumExp'),
  logSum: logSum('ReduceLogSum'),
  l1: norm('ReduceL1', 1),
  l2: norm('ReduceL2', 2),
  modulo,
  rmsNorm,
  groupNorm,
  lstm,
  mish,
  scatterAdd,
  tan: unary('Tan', tf.tan, -1, 1),
  asin: unary('Asin', tf.asin, -0.75, 0.75),
  acos: unary('Acos', tf.acos, -0.75, 0.75),
  atan: unary('Atan', tf.atan),
  sinh: unary('Sinh', tf.sinh),
  cosh: unary('Cosh', tf.cosh),
  asinh: unary('Asinh', tf.asinh),
  acosh: unary('Acosh', tf.acosh, 1.25, 3),
  atanh: unary('Atanh', tf.atanh, -0.75, 0.75),
};

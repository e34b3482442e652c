/** The same functions in ONNX and in TensorFlow.js (channels last), for a second opinion on gradients. */
import * as tf from '@tensorflow/tfjs-core';
import { scalar } from '../../src/model/tensor.ts';
import type { Sketch } from '../support/cases/index.ts';

/** Draws an ONNX graph into the sketch; returns the same function of its real inputs, in the order drawn. */
export type Twin = (s: Sketch) => (...inputs: tf.Tensor[]) => tf.Tensor;

export const toLast = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x as tf.Tensor4D, [0, 2, 3, 1]);
export const toFirst = (x: tf.Tensor): tf.Tensor => tf.transpose(x, [0, 3, 1, 2]);

/** A window and padding that both sides can say: TensorFlow.js takes a number as padding only for square windows. */
const window = (s: Sketch) => {
  const square = s.bool();
  const twice = () => (square ? [s.int(1, 3)].flatMap((k) => [k, k]) : s.ints(2, 1, 3)) as [number, number];
  const kernel = twice();
  const strides = twice();
  const n = Math.floor(kernel[0] / 2);
  const padded = { onnx: { pads: [n, n, n, n] }, tf: n };
  const pads = [
    { onnx: {}, tf: 'valid' as const },
    { onnx: { auto_pad: 'SAME_UPPER' }, tf: 'same' as const },
    ...(square ? [padded] : []),
  ];
  const spatial = kernel.map((k) => k + s.int(0, 4)) as [number, number];
  return { kernel, strides, spatial, pads };
};

const conv2d: Twin = (s) => {
  const { kernel, strides, spatial, pads } = window(s);
  const pad = s.pick(pads);
  const [c, m] = [s.int(1, 3), s.int(1, 3)];
  const names = [s.real([s.int(1, 2), c, ...spatial]), s.real([m, c, ...kernel]), s.real([m])];
  s.node('Conv', names, { kernel_shape: kernel, strides, ...pad.onnx });
  return (x, w, b) => {
    const filter = tf.transpose(w!, [2, 3, 1, 0]) as tf.Tensor4D;
    return toFirst(tf.add(tf.conv2d(toLast(x!), filter, strides, pad.tf), b!));
  };
};

const depthwise: Twin = (s) => {
  const { kernel, strides, spatial, pads } = window(s);
  const pad = s.pick(pads);
  // TensorFlow.js wants equal strides here.
  strides[1] = strides[0];
  const [c, m] = [s.int(1, 3), s.int(1, 2)];
  const names = [s.real([s.int(1, 2), c, ...spatial]), s.real([c * m, 1, ...kernel])];
  s.node('Conv', names, { kernel_shape: kernel, strides, group: c, ...pad.onnx });
  return (x, w) => {
    const filter = tf.transpose(tf.reshape(w!, [c, m, ...kernel]), [2, 3, 0, 1]) as tf.Tensor4D;
    return toFirst(tf.depthwiseConv2d(toLast(x!), filter, strides, pad.tf));
  };
};

const pool =
  (op: 'MaxPool' | 'AveragePool'): Twin =>
  (s) => {
    const { kernel, strides, spatial, pads } = window(s);
    // TensorFlow.js counts padding in the gradient of an average, though not in the average.
    const pad = op === 'MaxPool' ? s.pick(pads) : pads[0]!;
    s.node(op, [s.real([s.int(1, 2), s.int(1, 3), ...spatial])], { kernel_shape: kernel, strides, ...pad.onnx });
    const f = op === 'MaxPool' ? tf.maxPool : tf.avgPool;
    return (x) => toFirst(f(toLast(x!), kernel, strides, pad.tf));
  };

export const unary =
  (op: string, f: (x: tf.Tensor) => tf.Tensor, low = -3, high = 3): Twin =>
  (s) => {
    s.node(op, [s.real(s.shape(1, 4), low, high)]);
    return (x) => f(x!);
  };

const binary =
  (op: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, low = -2, high = 2): Twin =>
  (s) => {
    const shape = s.shape(1, 4);
    s.node(op, [s.real(shape, low, high), s.real(s.broadcastable(shape), low, high)]);
    return (a, b) => f(a!, b!);
  };

/** TensorFlow.js does not sum the gradient of a broadcast Maximum. */
const extremum =
  (op: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Twin =>
  (s) => {
    const shape = s.shape(1, 4);
    s.node(op, [s.real(shape), s.real(shape)]);
    return (a, b) => f(a!, b!);
  };

const matmul: Twin = (s) => {
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const batch = s.shape(0, 2, 3);
  s.node('MatMul', [s.real([...batch, m, k]), s.real([...batch, k, n])]);
  return (a, b) => tf.matMul(a!, b!);
};

const gemm: Twin = (s) => {
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const [transA, transB] = [s.bool(), s.bool()];
  const names = [s.real(transA ? [k, m] : [m, k]), s.real(transB ? [n, k] : [k, n]), s.real([n])];
  s.node('Gemm', names, { transA: Number(transA), transB: Number(transB) });
  return (a, b, c) => tf.add(tf.matMul(a!, b!, transA, transB), c!);
};

const softmax =
  (op: string, f: (x: tf.Tensor) => tf.Tensor): Twin =>
  (s) => {
    s.node(op, [s.real(s.shape(2, 3))], { axis: -1 });
    return (x) => f(x!);
  };

const batchNorm: Twin = (s) => {
  const c = s.int(1, 4);
  const x = s.real([s.int(1, 2), c, s.int(1, 3), s.int(1, 3)]);
  const [scale, offset] = [s.real([c]), s.real([c])];
  const [mean, variance] = [s.values([c]), s.values([c], 0.5, 2)];
  const epsilon = 0.01;
  const moments = [s.initializer(mean), s.initializer(variance)];
  s.node('BatchNormalization', [x, scale, offset, ...moments], { epsilon: { float: epsilon } });
  return (a, gamma, beta) => {
    const [mu, sigma2] = [tf.tensor1d(mean.data as Float32Array), tf.tensor1d(variance.data as Float32Array)];
    const y = tf.batchNorm(toLast(a!), mu, sigma2, beta as tf.Tensor1D, gamma as tf.Tensor1D, epsilon);
    return toFirst(y);
  };
};

const reduce =
  (op: string, f: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Twin =>
  (s) => {
    const shape = s.shape(1, 4);
    const axes = s.order(shape.length).slice(0, s.int(1, shape.length));
    const keepdims = s.int(0, 1);
    const x = s.real(shape, 0.5, 2);
    if (op === 'ReduceSum') s.node(op, [x, s.list(axes)], { keepdims });
    else s.node(op, [x], { keepdims, axes });
    return (a) => f(a!, axes, keepdims === 1);
  };

const clip: Twin = (s) => {
  s.node('Clip', [s.real(s.shape(1, 3), -9, 9), s.initializer(scalar(0)), s.initializer(scalar(6))]);
  return (x) => tf.relu6(x!);
};

const leakyRelu: Twin = (s) => {
  s.node('LeakyRelu', [s.real(s.shape(1, 3))], { alpha: { float: 0.25 } });
  return (x) => tf.leakyRelu(x!, 0.25);
};

const prelu: Twin = (s) => {
  const shape = s.shape(2, 3);
  s.node('PRelu', [s.real(shape), s.real(shape.slice(-1))]);
  return (x, alpha) => tf.prelu(x!, alpha!);
};

const globalAverage: Twin = (s) => {
  s.node('GlobalAveragePool', [s.real([2, 3, s.int(1, 4), s.int(1, 4)])]);
  return (x) => tf.mean(x!, [2, 3], true);
};

const concat: Twin = (s) => {
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const part = () => s.real(shape.map((n, d) => (d === axis ? s.int(1, 3) : n)));
  s.node('Concat', [part(), part(), part()], { axis });
  return (...parts) => tf.concat(parts, axis);
};

const slice: Twin = (s) => {
  const shape = s.shape(1, 3, 5);
  const begin = shape.map((n) => s.int(0, n - 1));
  const end = shape.map((n, d) => s.int(begin[d]! + 1, n));
  s.node('Slice', [s.real(shape), s.list(begin), s.list(end), s.list(shape.map((_, d) => d))]);
  return (x) =>
    tf.slice(
      x!,
      begin,
      end.map((e, d) => e - begin[d]!),
    );
};

const pad: Twin = (s) => {
  const shape = s.shape(1, 4, 3);
  const around = shape.map(() => [s.int(0, 2), s.int(0, 2)] as [number, number]);
  s.node('Pad', [s.real(shape), s.list([...around.map((a) => a[0]), ...around.map((a) => a[1])])]);
  return (x) => tf.pad(x!, around);
};

const transpose: Twin = (s) => {
  const shape = s.shape(1, 4);
  const perm = s.order(shape.length);
  s.node('Transpose', [s.real(shape)], { perm });
  return (x) => tf.transpose(x!, perm);
};

const gather: Twin = (s) => {
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const picked = s.ints(s.int(1, 5), 0, shape[axis]! - 1);
  s.node('Gather', [s.real(shape), s.list(picked)], { axis });
  return (x) => tf.gather(x!, tf.tensor1d(picked, 'int32'), axis);
};

const tile: Twin = (s) => {
  const shape = s.shape(1, 3, 3);
  const repeats = s.ints(shape.length, 1, 3);
  s.node('Tile', [s.real(shape), s.list(repeats)]);
  return (x) => tf.tile(x!, repeats);
};

/** LeNet in small: convolution, ReLU, pool, and a linear classifier with log-softmax. */
const network: Twin = (s) => {
  const names = [s.real([2, 1, 8, 8]), s.real([3, 1, 3, 3]), s.real([3]), s.real([27, 4]), s.real([4])];
  const [x, w, b, v, c] = names as [string, string, string, string, string];
  const active = s.inner('Relu', [s.inner('Conv', [x, w, b])]);
  const pooled = s.inner('MaxPool', [active], { kernel_shape: [2, 2], strides: [2, 2] });
  s.node('LogSoftmax', [s.inner('Gemm', [s.inner('Flatten', [pooled]), v, c])], { axis: -1 });
  return (a, kernel, bias, matrix, offset) => {
    const y = tf.relu(
      tf.add(tf.conv2d(toLast(a!), tf.transpose(kernel!, [2, 3, 1, 0]) as tf.Tensor4D, 1, 'valid'), bias!),
    );
    const flat = tf.reshape(toFirst(tf.maxPool(y as tf.Tensor4D, 2, 2, 'valid')), [2, 27]);
    return tf.logSoftmax(tf.add(tf.matMul(flat, matrix!), offset!));
  };
};

export const twins: Readonly<Record<string, Twin>> = {
  conv2d,
  depthwise,
  network,
  maxPool: pool('MaxPool'),
  avgPool: pool('AveragePool'),
  globalAverage,
  matmul,
  gemm,
  batchNorm,
  softmax: softmax('Softmax', tf.softmax),
  logSoftmax: softmax('LogSoftmax', tf.logSoftmax),
  relu: unary('Relu', tf.relu),
  elu: unary('Elu', tf.elu),
  selu: unary('Selu', tf.selu),
  tanh: unary('Tanh', tf.tanh),
  sigmoid: unary('Sigmoid', tf.sigmoid),
  softplus: unary('Softplus', tf.softplus),
  erf: unary('Erf', tf.erf),
  abs: unary('Abs', tf.abs),
  exp: unary('Exp', tf.exp),
  log: unary('Log', tf.log, 0.5),
  sqrt: unary('Sqrt', tf.sqrt, 0.5),
  reciprocal: unary('Reciprocal', tf.reciprocal, 0.5),
  sin: unary('Sin', tf.sin),
  cos: unary('Cos', tf.cos),
  neg: unary('Neg', tf.neg),
  leakyRelu,
  prelu,
  clip,
  add: binary('Add', tf.add),
  sub: binary('Sub', tf.sub),
  mul: binary('Mul', tf.mul),
  div: binary('Div', tf.div, 0.5),
  pow: binary('Pow', tf.pow, 0.5),
  maximum: extremum('Max', tf.maximum),
  minimum: extremum('Min', tf.minimum),
  sum: reduce('ReduceSum', tf.sum),
  mean: reduce('ReduceMean', tf.mean),
  max: reduce('ReduceMax', tf.max),
  min: reduce('ReduceMin', tf.min),
  prod: reduce('ReduceProd', tf.prod),
  concat,
  slice,
  pad,
  transpose,
  gather,
  tile,
};

/** Graphs of several nodes: what networks are made of. Kinks are far enough from the drawn values by construction. */
import { float32 } from '../../src/model/tensor.ts';
import type { CaseGenerator } from '../support/cases/index.ts';

export const chains: Readonly<Record<string, CaseGenerator>> = {
  'a tensor used three times collects three cotangents': (s) => {
    const x = s.real([2, 3]);
    const a = s.inner('Tanh', [x]);
    const b = s.inner('Mul', [a, x]);
    s.node('Sum', [a, b, x]);
  },

  'a convolution, batch norm and a smooth activation': (s) => {
    const c = s.int(1, 3);
    const x = s.real([2, c, 5, 4]);
    const y = s.inner('Conv', [x, s.weight([4, c, 3, 3]), s.weight([4])], { pads: [1, 1, 1, 1] });
    const moments = [s.weight([4]), s.weight([4]), s.initializer(s.values([4])), s.initializer(s.values([4], 0.5, 2))];
    s.node('Sigmoid', [s.inner('BatchNormalization', [y, ...moments])]);
  },

  'a residual block': (s) => {
    const x = s.real([1, 3, 4, 4]);
    const inner = s.inner('Tanh', [s.inner('Conv', [x, s.weight([3, 3, 3, 3])], { pads: [1, 1, 1, 1] })]);
    s.node('Add', [s.inner('Conv', [inner, s.weight([3, 3, 1, 1])]), x]);
  },

  'branches joined by Concat': (s) => {
    const x = s.real([1, 2, 4, 4]);
    const left = s.inner('Conv', [x, s.weight([2, 2, 1, 1])]);
    const right = s.inner('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    s.node('Mul', [s.inner('Concat', [left, right, x], { axis: 1 }), s.weight([6, 1, 1])]);
  },

  'a channel shuffle with a split': (s) => {
    const x = s.real([1, 4, 2, 2]);
    const apart = s.inner('Reshape', [x, s.list([1, 2, 2, 2, 2])]);
    const swapped = s.inner('Transpose', [apart], { perm: [0, 2, 1, 3, 4] });
    const mixed = s.inner('Reshape', [swapped, s.list([1, 4, 2, 2])]);
    s.node('Split', [s.inner('Mul', [mixed, mixed])], { axis: 1 }, 2);
  },

  'squeeze and excite': (s) => {
    const x = s.real([2, 4, 3, 3]);
    const pooled = s.inner('GlobalAveragePool', [x]);
    const small = s.inner('Softplus', [s.inner('Conv', [pooled, s.weight([2, 4, 1, 1])])]);
    const gate = s.inner('Sigmoid', [s.inner('Conv', [small, s.weight([4, 2, 1, 1])])]);
    s.node('Mul', [x, gate]);
  },

  'a classifier head': (s) => {
    const x = s.real([2, 3, 2, 2]);
    const flat = s.inner('Flatten', [x]);
    const hidden = s.inner('Tanh', [s.inner('Gemm', [flat, s.weight([5, 12]), s.weight([5])], { transB: 1 })]);
    s.node('LogSoftmax', [s.inner('Gemm', [hidden, s.weight([5, 4]), s.weight([4])])]);
  },

  attention: (s) => {
    const [tokens, width] = [s.int(2, 3), 4];
    const x = s.real([1, tokens, width]);
    const [q, k, v] = [0, 0, 0].map(() => s.inner('MatMul', [x, s.weight([width, width], -1, 1)])) as [
      string,
      string,
      string,
    ];
    const scores = s.inner('MatMul', [q, s.inner('Transpose', [k], { perm: [0, 2, 1] })]);
    const scaled = s.inner('Div', [scores, s.initializer(float32([2], []))]);
    const mixed = s.inner('MatMul', [s.inner('Softmax', [scaled], { axis: -1 }), v]);
    const attributes = { axis: -1, epsilon: { float: 0.01 } };
    s.node('LayerNormalization', [s.inner('Add', [mixed, x]), s.weight([width]), s.weight([width])], attributes);
  },

  'shape arithmetic beside the path of the gradient': (s) => {
    const x = s.real([2, 3, 2]);
    const first = s.inner('Gather', [s.inner('Shape', [x]), s.list([0], [])], { axis: 0 });
    const wanted = s.inner('Concat', [s.inner('Unsqueeze', [first, s.list([0])]), s.list([-1])], { axis: 0 });
    s.node('MatMul', [s.inner('Reshape', [x, wanted]), s.weight([6, 2])]);
  },

  'two outputs, each with a cotangent': (s) => {
    const x = s.real([2, 3]);
    s.node('Exp', [x]);
    s.node('Mul', [x, s.weight([3])]);
  },

  'upsampled as Keras does, through tf2onnx at opset 11': (s) => {
    s.opset = 11;
    const x = s.real([1, 2, 3, 3]);
    const [roi, scales] = [s.initializer(float32([], [0])), s.initializer(float32([1, 1, 2, 2], [4]))];
    const attributes = { coordinate_transformation_mode: 'tf_half_pixel_for_nn', nearest_mode: 'floor' };
    s.node('Mul', [s.inner('Resize', [x, roi, scales], attributes), s.weight([2, 1, 1])]);
  },

  'pooled twice, by maximum and by average': (s) => {
    const x = s.real([1, 2, 6, 6]);
    const max = s.inner('MaxPool', [x], { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] });
    s.node('AveragePool', [s.inner('Mul', [max, x])], { kernel_shape: [2, 2], strides: [2, 2] });
  },
};

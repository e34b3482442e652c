/** Imported graph models against TensorFlow.js's own operators. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { bindBatch, loadModel } from '../../../src/model/index.ts';
import { float32 } from '../../../src/model/tensor.ts';
import { difference, numbers } from '../../support/compare.ts';
import { runReference } from '../../support/reference/index.ts';
import { float, ints, type Weight, writeModel } from './files.ts';

type T = tf.Tensor4D;
const s = (text: string) => ({ s: Buffer.from(text).toString('base64') });
const i = (...values: number[]) => ({ list: { i: values.map(String) } });
const b = (value: boolean) => ({ b: value });
const fused = (...ops: string[]) => ({ fused_ops: { list: { s: ops.map((o) => s(o).s) } } });
const window = (padding: string, stride = 1) => ({
  strides: i(1, stride, stride, 1),
  padding: s(padding),
  data_format: s('NHWC'),
});
const float1 = { type: 'DT_FLOAT' };

interface Case {
  readonly title: string;
  readonly op: string;
  readonly attr?: object;
  /** Constant inputs, after x. */
  readonly with?: readonly Weight[];
  readonly first?: boolean;
  readonly is: (x: T, ...w: tf.Tensor[]) => tf.Tensor;
}

const kernel = float('k', [3, 3, 4, 6]);
const deep = float('k', [3, 3, 4, 2]);
const each = (list: Record<string, (x: T) => tf.Tensor>): Case[] =>
  Object.entries(list).map(([op, is]) => ({ title: op, op, is }));
const both = (list: Record<string, (x: tf.Tensor, y: tf.Tensor) => tf.Tensor>): Case[] =>
  Object.entries(list).flatMap(([op, is]) =>
    [[], [4], [1, 1, 1, 4], [1, 5, 6, 4]].map((shape) => ({
      title: `${op} [${shape}]`,
      op,
      with: [float('w', shape, 2, 0.5, 2)],
      is: is as Case['is'],
    })),
  );

const cases: readonly Case[] = [
  {
    title: 'Conv2D',
    op: 'Conv2D',
    attr: { ...window('SAME', 2), dilations: i(1, 1, 1, 1) },
    with: [kernel],
    is: (x, w) => tf.conv2d(x, w as T, 2, 'same'),
  },
  {
    title: '_FusedConv2D with bias and Relu6',
    op: '_FusedConv2D',
    attr: { ...window('VALID'), ...fused('BiasAdd', 'Relu6') },
    with: [kernel, float('bias', [6])],
    is: (x, w, c) => tf.relu6(tf.add(tf.conv2d(x, w as T, 1, 'valid'), c!)),
  },
  {
    title: '_FusedConv2D with bias and Prelu',
    op: '_FusedConv2D',
    attr: { ...window('SAME'), ...fused('BiasAdd', 'Prelu') },
    with: [kernel, float('bias', [6]), float('slope', [6])],
    is: (x, w, c, a) => tf.prelu(tf.add(tf.conv2d(x, w as T, 1, 'same'), c!), a!),
  },
  {
    title: 'FusedDepthwiseConv2dNative',
    op: 'FusedDepthwiseConv2dNative',
    attr: { ...window('SAME', 2), ...fused('BiasAdd', 'Elu') },
    with: [deep, float('bias', [8])],
    is: (x, w, c) => tf.elu(tf.add(tf.depthwiseConv2d(x, w as T, 2, 'same'), c!)),
  },
  {
    title: 'DepthwiseConv2dNative',
    op: 'DepthwiseConv2dNative',
    attr: window('VALID'),
    with: [deep],
    is: (x, w) => tf.depthwiseConv2d(x, w as T, 1, 'valid'),
  },
  {
    title: 'MaxPool',
    op: 'MaxPool',
    attr: { ...window('SAME', 2), ksize: i(1, 3, 3, 1) },
    is: (x) => tf.maxPool(x, 3, 2, 'same'),
  },
  {
    title: 'AvgPool',
    op: 'AvgPool',
    attr: { ...window('SAME', 2), ksize: i(1, 3, 3, 1) },
    is: (x) => tf.avgPool(x, 3, 2, 'same'),
  },
  { title: 'BiasAdd', op: 'BiasAdd', with: [float('bias', [4])], is: (x, c) => tf.add(x, c!) },
  {
    title: 'FusedBatchNormV3',
    op: 'FusedBatchNormV3',
    attr: { epsilon: { f: 0.01 } },
    with: [float('g', [4]), float('b', [4]), float('m', [4]), float('v', [4], 1, 0.5, 1)],
    is: (x, g, c, m, v) =>
      tf.batchNorm(x, m as tf.Tensor1D, v as tf.Tensor1D, c as tf.Tensor1D, g as tf.Tensor1D, 0.01),
  },
  ...each({
    Relu: (x) => tf.relu(x),
    Relu6: (x) => tf.relu6(x),
    Elu: (x) => tf.elu(x),
    Sigmoid: (x) => tf.sigmoid(x),
    Tanh: (x) => tf.tanh(x),
    Softmax: (x) => tf.softmax(x),
    Square: (x) => tf.square(x),
    Abs: (x) => tf.abs(x),
    Neg: (x) => tf.neg(x),
    Exp: (x) => tf.exp(x),
    Identity: (x) => x,
    Selu: (x) => tf.selu(x),
    Softplus: (x) => tf.softplus(x),
  }),
  { title: 'LeakyRelu', op: 'LeakyRelu', attr: { alpha: { f: 0.3 } }, is: (x) => tf.leakyRelu(x, 0.3) },
  { title: 'Prelu', op: 'Prelu', with: [float('a', [4])], is: (x, a) => tf.prelu(x, a!) },
  ...both({
    AddV2: (x, y) => tf.add(x, y),
    Sub: (x, y) => tf.sub(x, y),
    Mul: (x, y) => tf.mul(x, y),
    RealDiv: (x, y) => tf.div(x, y),
    Maximum: (x, y) => tf.maximum(x, y),
    Minimum: (x, y) => tf.minimum(x, y),
    SquaredDifference: (x, y) => tf.squaredDifference(x, y),
  }),
  ...[true, false].flatMap((keep): Case[] => [
    {
      title: `Mean over space, keep ${keep}`,
      op: 'Mean',
      attr: { keep_dims: b(keep) },
      with: [ints('axes', [1, 2])],
      is: (x) => tf.mean(x, [1, 2], keep),
    },
    {
      title: `Max over channels, keep ${keep}`,
      op: 'Max',
      attr: { keep_dims: b(keep) },
      with: [ints('axes', [-1])],
      is: (x) => tf.max(x, -1, keep),
    },
    {
      title: `Sum over rows, keep ${keep}`,
      op: 'Sum',
      attr: { keep_dims: b(keep) },
      with: [ints('axes', [1])],
      is: (x) => tf.sum(x, 1, keep),
    },
  ]),
  {
    title: 'Pad',
    op: 'Pad',
    with: [ints('p', [0, 0, 1, 2, 0, 1, 0, 0], [4, 2])],
    is: (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 1],
        [0, 0],
      ]),
  },
  {
    title: 'MirrorPad',
    op: 'MirrorPad',
    attr: { mode: s('REFLECT') },
    with: [ints('p', [0, 0, 1, 2, 2, 1, 0, 0], [4, 2])],
    is: (x) =>
      tf.mirrorPad(
        x,
        [
          [0, 0],
          [1, 2],
          [2, 1],
          [0, 0],
        ],
        'reflect',
      ),
  },
  { title: 'Reshape', op: 'Reshape', with: [ints('shape', [-1, 20, 6])], is: (x) => tf.reshape(x, [-1, 20, 6]) },
  { title: 'Transpose', op: 'Transpose', with: [ints('perm', [0, 3, 1, 2])], is: (x) => tf.transpose(x, [0, 3, 1, 2]) },
  { title: 'ExpandDims', op: 'ExpandDims', with: [ints('axis', [1], [])], is: (x) => tf.expandDims(x, 1) },
  { title: 'Tile', op: 'Tile', with: [ints('times', [1, 2, 1, 3])], is: (x) => tf.tile(x, [1, 2, 1, 3]) },
  {
    title: 'ConcatV2',
    op: 'ConcatV2',
    with: [float('c', [2, 5, 6, 3]), ints('axis', [3], [])],
    is: (x, c) => tf.concat([x, c as T], 3),
  },
  {
    title: 'StridedSlice',
    op: 'StridedSlice',
    attr: { begin_mask: { i: '1' }, end_mask: { i: '9' }, shrink_axis_mask: { i: '4' } },
    with: [ints('b', [0, 1, 2, -3]), ints('e', [0, 4, 3, 0]), ints('st', [1, 2, 1, 1])],
    // TensorFlow.js's own strided slice on the JavaScript backend gets this wrong: written with what it gets right.
    is: (x) => tf.squeeze(tf.slice(tf.gather(x, tf.tensor1d([1, 3], 'int32'), 1), [0, 0, 2, 1], [2, 2, 1, 3]), [2]),
  },
  {
    title: 'Slice',
    op: 'Slice',
    with: [ints('b', [0, 1, 0, 1]), ints('n', [-1, 2, 3, -1])],
    is: (x) => tf.slice(x, [0, 1, 0, 1], [2, 2, 3, 3]),
  },
  { title: 'SpaceToDepth then nothing', op: 'Cast', attr: { DstT: { type: 'DT_FLOAT' } }, is: (x) => x },
  ...[true, false].flatMap((centres): Case[] => [
    {
      title: `ResizeBilinear, centres ${centres}`,
      op: 'ResizeBilinear',
      attr: { half_pixel_centers: b(centres) },
      with: [ints('to', [9, 7])],
      is: (x) => tf.image.resizeBilinear(x, [9, 7], false, centres),
    },
    {
      title: `ResizeNearestNeighbor, centres ${centres}`,
      op: 'ResizeNearestNeighbor',
      attr: { half_pixel_centers: b(centres) },
      with: [ints('to', [10, 3])],
      is: (x) => tf.image.resizeNearestNeighbor(x, [10, 3], false, centres),
    },
  ]),
  {
    title: 'ResizeBilinear, aligned',
    op: 'ResizeBilinear',
    attr: { align_corners: b(true) },
    with: [ints('to', [9, 7])],
    is: (x) => tf.image.resizeBilinear(x, [9, 7], true),
  },
];

const shape = [2, 5, 6, 4] as const;
const picture = float('x', shape, 3, -1, 1);
const dim = (sizes: readonly number[]) => ({ shape: { shape: { dim: sizes.map((n) => ({ size: String(n) })) } } });
const node = (name: string, op: string, input: readonly string[], attr: object = {}) => ({ name, op, input, attr });

function write(c: Case, after: 'input' | 'convolution'): string {
  const constants = (c.with ?? []).map((w, n) => ({ ...w, name: `const${n}` }));
  const one = { ...float('one', [1, 1, 4, 4]), name: 'one' };
  const nodes = [
    // Out of order on purpose.
    node('y', c.op, [after === 'input' ? 'x' : 'conv', ...constants.map((w) => w.name), '^x'], c.attr),
    node('conv', 'Conv2D', ['x', 'one'], window('SAME')),
    ...[...constants, one].map((w) => node(w.name, 'Const', [], { dtype: float1 })),
    node('x', 'Placeholder', [], { dtype: float1, ...dim([-1, ...shape.slice(1)]) }),
    node('out', 'Identity', ['y']),
  ];
  return writeModel({ node: nodes }, [...constants, one], { signature: { outputs: { o: { name: 'out:0' } } } }, 2);
}

describe('TensorFlow.js graph models', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  for (const c of cases) {
    it(`${c.title}, of the input and of a convolution`, async () => {
      for (const after of ['input', 'convolution'] as const) {
        const graph = bindBatch(await loadModel(write(c, after)), 2);
        const feeds = { x: float32(picture.data as Float32Array, shape) };
        const out = runReference(graph, feeds, { precision: 'declared' })[graph.outputs[0]!.name]!;
        const x = tf.tensor(picture.data, [...shape]) as T;
        const one = float('one', [1, 1, 4, 4]);
        const given = after === 'input' ? x : tf.conv2d(x, tf.tensor(one.data, [1, 1, 4, 4]) as T, 1, 'same');
        const expected = c.is(given, ...(c.with ?? []).map((w) => tf.tensor(w.data, [...w.shape])));
        expect(out.shape, after).toEqual(expected.shape);
        expect(difference(numbers(out), Array.from(expected.dataSync())), after).toBeLessThan(1e-5);
      }
    });
  }

  it('follows shapes that are computed: [batch, …] packed for a Reshape', async () => {
    const nodes = [
      node('x', 'Placeholder', [], { dtype: float1, ...dim([-1, 5, 6, 4]) }),
      node('conv', 'Conv2D', ['x', 'one'], window('SAME')),
      node('shape', 'Shape', ['conv']),
      node('batch', 'StridedSlice', ['shape', 'zero', 'next', 'next'], { shrink_axis_mask: { i: '1' } }),
      node('packed', 'Pack', ['batch', 'rest'], { axis: { i: '0' } }),
      node('flat', 'Reshape', ['conv', 'packed']),
      ...['one', 'zero', 'next', 'rest'].map((n) => node(n, 'Const', [], {})),
    ];
    const one = float('one', [1, 1, 4, 4]);
    const path = writeModel({ node: nodes }, [one, ints('zero', [0]), ints('next', [1]), ints('rest', [120], [])]);
    const graph = bindBatch(await loadModel(path), 2);
    const feeds = { x: float32(picture.data as Float32Array, shape) };
    const out = runReference(graph, feeds, { precision: 'declared' }).flat!;
    const x = tf.tensor(picture.data, [...shape]) as T;
    const expected = tf.reshape(tf.conv2d(x, tf.tensor(one.data, [1, 1, 4, 4]) as T, 1, 'same'), [2, 120]);
    expect(out.shape).toEqual([2, 120]);
    expect(difference(numbers(out), Array.from(expected.dataSync()))).toBeLessThan(1e-5);
  });
});

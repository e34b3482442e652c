/** Imported layers against TensorFlow.js's own operators. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { bindBatch, loadModel } from '../../../src/model/index.ts';
import { float32 } from '../../../src/model/tensor.ts';
import { difference, numbers } from '../../support/compare.ts';
import { runReference } from '../../support/reference/index.ts';
import { float, type LayerSpec, weightOf, writeModel, writeSequential } from './files.ts';

type T = tf.Tensor;
type Expected = (x: T, w: (name: string) => T) => T;
interface Case extends LayerSpec {
  readonly title?: string;
  readonly input: readonly number[];
  readonly is: Expected;
}

const image = [7, 6, 4];
const conv = (x: T, k: T, s: number | [number, number], p: 'same' | 'valid', d: number | [number, number] = 1) =>
  tf.conv2d(x as tf.Tensor4D, k as tf.Tensor4D, s, p, 'NHWC', d);
const plain = (type: string, config: object, is: Expected, input: readonly number[] = image): Case => ({
  type,
  config,
  input,
  is,
});

const cases: readonly Case[] = [
  ...(['same', 'valid'] as const).flatMap((padding): Case[] => [
    {
      title: `Conv2D, ${padding}, strides`,
      type: 'Conv2D',
      config: { padding, strides: [2, 3], activation: 'relu', use_bias: true },
      weights: { kernel: [3, 2, 4, 5], bias: [5] },
      input: image,
      is: (x, w) => tf.relu(tf.add(conv(x, w('kernel'), [2, 3], padding), w('bias'))),
    },
    {
      title: `DepthwiseConv2D, ${padding}`,
      type: 'DepthwiseConv2D',
      config: { padding, strides: 2, use_bias: true, activation: 'relu6' },
      weights: { depthwise_kernel: [3, 3, 4, 2], bias: [8] },
      input: image,
      is: (x, w) =>
        tf.relu6(
          tf.add(tf.depthwiseConv2d(x as tf.Tensor4D, w('depthwise_kernel') as tf.Tensor4D, 2, padding), w('bias')),
        ),
    },
    {
      title: `Conv2DTranspose, ${padding}`,
      type: 'Conv2DTranspose',
      config: { padding, strides: [2, 2], use_bias: true },
      weights: { kernel: [3, 3, 5, 4], bias: [5] },
      input: image,
      is: (x, w) => {
        const [h, wd] = padding === 'same' ? [14, 12] : [15, 13];
        const shape: [number, number, number, number] = [2, h!, wd!, 5];
        return tf.add(tf.conv2dTranspose(x as tf.Tensor4D, w('kernel') as tf.Tensor4D, shape, 2, padding), w('bias'));
      },
    },
    plain('MaxPooling2D', { pool_size: [3, 2], strides: [2, 1], padding }, (x) =>
      tf.maxPool(x as tf.Tensor4D, [3, 2], [2, 1], padding),
    ),
    plain('AveragePooling2D', { pool_size: 2, padding }, (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, padding)),
  ]),
  {
    title: 'Conv2DTranspose, strides beyond the kernel',
    type: 'Conv2DTranspose',
    config: { padding: 'same', strides: 3, use_bias: false },
    weights: { kernel: [2, 2, 2, 4] },
    input: image,
    is: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w('kernel') as tf.Tensor4D, [2, 21, 18, 2], 3, 'same'),
  },
  {
    title: 'Conv2D, dilated',
    type: 'Conv2D',
    config: { padding: 'same', dilation_rate: [2, 2], use_bias: false, activation: 'linear' },
    weights: { kernel: [3, 3, 4, 2] },
    input: image,
    is: (x, w) => conv(x, w('kernel'), 1, 'same', 2),
  },
  {
    title: 'Conv1D, causal',
    type: 'Conv1D',
    config: { padding: 'causal', kernel_size: [3], use_bias: false },
    weights: { kernel: [3, 4, 2] },
    input: [6, 4],
    is: (x, w) =>
      tf.conv1d(
        tf.pad(x, [
          [0, 0],
          [2, 0],
          [0, 0],
        ]) as tf.Tensor3D,
        w('kernel') as tf.Tensor3D,
        1,
        'valid',
      ),
  },
  {
    type: 'SeparableConv2D',
    config: { padding: 'same', use_bias: true, activation: 'tanh' },
    weights: { depthwise_kernel: [3, 3, 4, 2], pointwise_kernel: [1, 1, 8, 3], bias: [3] },
    input: image,
    is: (x, w) =>
      tf.tanh(
        tf.add(
          tf.separableConv2d(
            x as tf.Tensor4D,
            w('depthwise_kernel') as tf.Tensor4D,
            w('pointwise_kernel') as tf.Tensor4D,
            1,
            'same',
          ),
          w('bias'),
        ),
      ),
  },
  ...[[5], [3, 5]].map(
    (input): Case => ({
      title: `Dense of ${input.length + 1} axes`,
      type: 'Dense',
      config: { use_bias: true, activation: 'sigmoid' },
      weights: { kernel: [5, 3], bias: [3] },
      input,
      is: (x, w) => {
        const flat = tf.add(tf.matMul(tf.reshape(x, [-1, 5]), w('kernel')), w('bias'));
        return tf.sigmoid(tf.reshape(flat, [2, ...input.slice(0, -1), 3]));
      },
    }),
  ),
  {
    type: 'BatchNormalization',
    config: { axis: [3], epsilon: 0.01 },
    weights: { gamma: [4], beta: [4], moving_mean: [4], moving_variance: [4] },
    input: image,
    is: (x, w) =>
      tf.batchNorm(
        x,
        w('moving_mean') as tf.Tensor1D,
        w('moving_variance') as tf.Tensor1D,
        w('beta') as tf.Tensor1D,
        w('gamma') as tf.Tensor1D,
        0.01,
      ),
  },
  {
    title: 'BatchNormalization without scale and centre',
    type: 'BatchNormalization',
    config: { axis: -1, epsilon: 0.001, scale: false, center: false },
    weights: { moving_mean: [5], moving_variance: [5] },
    input: [5],
    is: (x, w) =>
      tf.batchNorm(
        x,
        w('moving_mean') as tf.Tensor1D,
        w('moving_variance') as tf.Tensor1D,
        undefined,
        undefined,
        0.001,
      ),
  },
  {
    type: 'LayerNormalization',
    config: { axis: [-1], epsilon: 0.01 },
    weights: { gamma: [4], beta: [4] },
    input: image,
    is: (x, w) => {
      const { mean, variance } = tf.moments(x, -1, true);
      return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 0.01))), w('gamma')), w('beta'));
    },
  },
  {
    type: 'PReLU',
    config: { shared_axes: [1, 2] },
    weights: { alpha: [1, 1, 4] },
    input: image,
    is: (x, w) => tf.prelu(x, w('alpha')),
  },
  plain('ReLU', { max_value: 0.4 }, (x) => tf.clipByValue(x, 0, 0.4)),
  plain('ReLU', { negative_slope: 0.1 }, (x) => tf.leakyRelu(x, 0.1)),
  plain('LeakyReLU', { alpha: 0.3 }, (x) => tf.leakyRelu(x, 0.3)),
  plain('ELU', { alpha: 1 }, (x) => tf.elu(x)),
  plain('ThresholdedReLU', { theta: 0.2 }, (x) => tf.mul(x, tf.cast(tf.greater(x, 0.2), 'float32'))),
  plain('Softmax', { axis: -1 }, (x) => tf.softmax(x)),
  ...Object.entries({
    elu: (x) => tf.elu(x),
    selu: (x) => tf.selu(x),
    sigmoid: (x) => tf.sigmoid(x),
    hard_sigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
    tanh: (x) => tf.tanh(x),
    softplus: (x) => tf.softplus(x),
    softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
    softmax: (x) => tf.softmax(x),
    swish: (x) => tf.mul(x, tf.sigmoid(x)),
    mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.div(x, Math.SQRT2)), 1)),
    linear: (x) => x,
  } satisfies Record<string, (x: T) => T>).map(
    ([fn, is]): Case => ({ title: `Activation ${fn}`, ...plain('Activation', { activation: fn }, is) }),
  ),
  plain('GlobalAveragePooling2D', {}, (x) => tf.mean(x, [1, 2])),
  plain('GlobalMaxPooling2D', {}, (x) => tf.max(x, [1, 2])),
  plain(
    'ZeroPadding2D',
    {
      padding: [
        [1, 2],
        [0, 3],
      ],
    },
    (x) =>
      tf.pad(x, [
        [0, 0],
        [1, 2],
        [0, 3],
        [0, 0],
      ]),
  ),
  plain(
    'Cropping2D',
    {
      cropping: [
        [1, 2],
        [0, 1],
      ],
    },
    (x) => tf.slice(x, [0, 1, 0, 0], [2, 4, 5, 4]),
  ),
  plain('UpSampling2D', { size: [2, 3], interpolation: 'nearest' }, (x) =>
    tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [14, 18]),
  ),
  plain('UpSampling2D', { size: [2, 3], interpolation: 'bilinear' }, (x) =>
    tf.image.resizeBilinear(x as tf.Tensor4D, [14, 18]),
  ),
  plain('Flatten', {}, (x) => tf.reshape(x, [2, -1])),
  plain('Reshape', { target_shape: [3, -1] }, (x) => tf.reshape(x, [2, 3, -1])),
  plain('Permute', { dims: [3, 1, 2] }, (x) => tf.transpose(x, [0, 3, 1, 2])),
  plain('RepeatVector', { n: 3 }, (x) => tf.tile(tf.expandDims(x, 1), [1, 3, 1]), [5]),
  plain('Rescaling', { scale: 2, offset: [1, 2, 3, 4] }, (x) => tf.add(tf.mul(x, 2), tf.tensor1d([1, 2, 3, 4]))),
  plain('Dropout', { rate: 0.5 }, (x) => x),
];

const pictures = (shape: readonly number[]) => float('x', [2, ...shape], 7, -1, 1).data as Float32Array;

async function imported(path: string, shape: readonly number[], input?: string) {
  const graph = bindBatch(await loadModel(path), 2);
  const name = input ?? graph.inputs[0]!.name;
  const out = runReference(graph, { [name]: float32(pictures(shape), [2, ...shape]) }, { precision: 'declared' });
  return { graph, out: out[graph.outputs[0]!.name]! };
}

function agree(actual: { shape: readonly number[]; data: number[] }, expected: T): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(difference(actual.data, Array.from(expected.dataSync()))).toBeLessThan(1e-5);
}

describe('TensorFlow.js layers models', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });

  for (const c of cases) {
    it(`${c.title ?? `${c.type} ${JSON.stringify(c.config)}`}, alone and between convolutions`, async () => {
      const w = (layer: string) => (name: string) => {
        const { shape, data } = weightOf(`${layer}/${name}`, c.weights![name]!);
        return tf.tensor(data, [...shape]);
      };
      const x = tf.tensor(pictures(c.input), [2, ...c.input]);
      const { out } = await imported(writeSequential(c.input, [c]), c.input);
      agree({ shape: out.shape, data: numbers(out) }, c.is(x, w('L0')));
      if (c.input.length !== 3) return;
      // After a convolution the tensor has its channels second, and must come out the same.
      const before: LayerSpec = { type: 'Conv2D', config: { use_bias: false }, weights: { kernel: [1, 1, 4, 4] } };
      const mixed = await imported(writeSequential(c.input, [before, c]), c.input);
      const { shape, data } = weightOf('L0/kernel', [1, 1, 4, 4]);
      agree(
        { shape: mixed.out.shape, data: numbers(mixed.out) },
        c.is(conv(x, tf.tensor(data, [...shape]), 1, 'valid'), w('L1')),
      );
    });
  }

  it('joins branches, uses layers twice, and nests models', async () => {
    const layer = (class_name: string, name: string, config: object, ...inbound: (readonly unknown[])[]) => ({
      class_name,
      name,
      config: { name, ...config },
      inbound_nodes: inbound,
    });
    const from = (name: string, call = 0) => [name, call, 0, {}];
    const nested = {
      name: 'inner',
      layers: [
        { class_name: 'InputLayer', config: { name: 'i', batch_input_shape: [null, 4, 4, 2] } },
        { class_name: 'ReLU', config: { name: 'deep' } },
      ],
    };
    const topology = {
      model_config: {
        class_name: 'Functional',
        config: {
          name: 'm',
          layers: [
            layer('InputLayer', 'in', { batch_input_shape: [null, 4, 4, 2] }),
            layer('Conv2D', 'c', { padding: 'same', use_bias: false }, [from('in')], [from('c')]),
            { class_name: 'Sequential', name: 'inner', config: nested, inbound_nodes: [[from('c', 1)]] },
            layer('Add', 'sum', {}, [from('c'), from('inner')]),
            layer('Subtract', 'minus', {}, [from('sum'), from('in')]),
            layer('Average', 'mean', {}, [from('sum'), from('minus')]),
            layer('Maximum', 'max', {}, [from('mean'), from('c')]),
            layer('Multiply', 'times', {}, [from('max'), from('sum')]),
            layer('Concatenate', 'cat', { axis: -1 }, [from('times'), from('in')]),
          ],
          input_layers: [['in', 0, 0]],
          output_layers: [['cat', 0, 0]],
        },
      },
    };
    const kernel = float('c/kernel', [3, 3, 2, 2]);
    const { graph, out } = await imported(writeModel(topology, [kernel]), [4, 4, 2], 'in');
    const x = tf.tensor(pictures([4, 4, 2]), [2, 4, 4, 2]);
    const c = (t: T) => conv(t, tf.tensor(kernel.data, [3, 3, 2, 2]), 1, 'same');
    const one = c(x);
    const sum = tf.add(one, tf.relu(c(one)));
    const minus = tf.sub(sum, x);
    const times = tf.mul(tf.maximum(tf.div(tf.add(sum, minus), 2), one), sum);
    agree({ shape: out.shape, data: numbers(out) }, tf.concat([times, x], -1));
    expect(graph.outputs[0]!.name).toContain('cat');
  });

  it('reads a model of Keras 3, whose connections are arguments', async () => {
    const tensor = (name: string) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 3], dtype: 'float32', keras_history: [name, 0, 0] },
    });
    const topology = {
      model_config: {
        class_name: 'Functional',
        config: {
          layers: [
            { class_name: 'InputLayer', name: 'a', config: { name: 'a', batch_shape: [null, 3] }, inbound_nodes: [] },
            {
              class_name: 'Add',
              name: 's',
              config: { name: 's' },
              inbound_nodes: [{ args: [[tensor('a'), tensor('a')]], kwargs: {} }],
            },
          ],
          input_layers: ['a', 0, 0],
          output_layers: ['s', 0, 0],
        },
      },
    };
    const { out } = await imported(writeModel(topology, []), [3]);
    expect(
      difference(
        numbers(out),
        [...pictures([3])].map((v) => 2 * v),
      ),
    ).toBe(0);
  });

  it('names its cuts after the layers, and keeps convolutions free of transposes', async () => {
    const conv3: LayerSpec = {
      type: 'Conv2D',
      config: { padding: 'same', activation: 'relu', use_bias: false },
      weights: { kernel: [3, 3, 4, 4] },
    };
    const path = writeSequential(image, [
      conv3,
      conv3,
      { type: 'MaxPooling2D', config: {} },
      { type: 'Flatten' },
      { type: 'Dense', config: { use_bias: false }, weights: { kernel: [36, 2] } },
    ]);
    const loaded = bindBatch(await loadModel(path), 1);
    expect(loaded.nodes.filter((n) => n.op === 'Transpose')).toHaveLength(2);
    const names = new Set(loaded.nodes.map((n) => n.name));
    for (const name of ['L0', 'L1', 'L2', 'L3', 'L4', 'L0/linear']) expect(names).toContain(name);
    expect(loaded.inputs[0]).toMatchObject({ dtype: 'float32', shape: [1, ...image] });
  });
});

/**
 * Small networks with the shape of the well-known ones, and seeded random weights.
 * Each takes `batch`, a number or the name of a symbolic dimension; the input is `input`, the output `output`.
 */
import {
  type AttributeLike,
  type Dim,
  float32,
  type Graph,
  GraphBuilder,
  int64,
  type Tensor,
} from '../../src/model/index.ts';
import { createRandom, type Random } from '../../src/random.ts';

export interface NetworkOptions {
  readonly seed?: number;
  /** Default 1. */
  readonly batch?: Dim;
}

/** Uniform values in [-scale, scale]. */
export function randomTensor(shape: readonly number[], random: Random, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return float32(
    Float32Array.from({ length: size }, () => (random.uniform() * 2 - 1) * scale),
    shape,
  );
}

/** A builder with layers. Every layer's node and output carry the given name. */
export class Layers {
  readonly b: GraphBuilder;
  readonly random: Random;

  constructor(options: NetworkOptions, channels: number, size: number, opset = 17, shape = [channels, size, size]) {
    this.b = new GraphBuilder(opset);
    this.random = createRandom(options.seed ?? 1);
    this.b.input('input', 'float32', [options.batch ?? 1, ...shape]);
  }

  weight(name: string, shape: readonly number[], fanIn: number): string {
    return this.b.initializer(randomTensor(shape, this.random, Math.sqrt(3 / fanIn)), name);
  }

  op(op: string, name: string, inputs: readonly string[], attributes: Record<string, AttributeLike> = {}): string {
    return this.b.op(op, inputs, attributes, name);
  }

  conv(
    name: string,
    x: string,
    from: number,
    to: number,
    k: number,
    options: { stride?: number; group?: number } = {},
  ) {
    const { stride = 1, group = 1 } = options;
    const p = (k - 1) >> 1;
    const w = this.weight(`${name}.weight`, [to, from / group, k, k], (from / group) * k * k);
    const bias = this.weight(`${name}.bias`, [to], to);
    return this.op('Conv', name, [x, w, bias], {
      kernel_shape: [k, k],
      strides: [stride, stride],
      pads: [p, p, p, p],
      group,
    });
  }

  relu = (name: string, x: string) => this.op('Relu', name, [x]);
  add = (name: string, x: string, y: string) => this.op('Add', name, [x, y]);
  concat = (name: string, xs: readonly string[], axis = 1) => this.op('Concat', name, xs, { axis });
  maxPool = (name: string, x: string, k = 2) =>
    this.op('MaxPool', name, [x], { kernel_shape: [k, k], strides: [k, k] });

  norm(name: string, x: string, channels: number): string {
    const stats = ['scale', 'bias', 'mean'].map((n) => this.weight(`${name}.${n}`, [channels], 3));
    const variance = float32(
      Float32Array.from({ length: channels }, () => 0.5 + this.random.uniform()),
      [channels],
    );
    return this.op('BatchNormalization', name, [x, ...stats, this.b.initializer(variance, `${name}.var`)]);
  }

  gemm(name: string, x: string, from: number, to: number): string {
    const w = this.weight(`${name}.weight`, [to, from], from);
    return this.op('Gemm', name, [x, w, this.weight(`${name}.bias`, [to], to)], { transB: 1 });
  }

  /** Global average pooling, flatten, and a linear layer to ten classes called `output`. */
  classify(x: string, channels: number, name = 'output'): Graph {
    const pooled = this.op('GlobalAveragePool', 'gap', [x]);
    return this.finish(this.gemm(name, this.op('Flatten', 'flat', [pooled]), channels, 10));
  }

  finish(...outputs: string[]): Graph {
    for (const o of outputs) this.b.output(o);
    return this.b.build();
  }
}

/** LeNet-like: a chain. Input [batch,1,28,28]. */
export function chain(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 1, 28);
  let x = n.maxPool('pool1', n.relu('ReLU1', n.conv('conv1', 'input', 1, 4, 5)));
  x = n.maxPool('pool2', n.relu('ReLU2', n.conv('conv2', x, 4, 8, 5)));
  x = n.relu('fc1act', n.gemm('fc1', n.op('Flatten', 'flat', [x]), 8 * 7 * 7, 24));
  return n.finish(n.gemm('output', x, 24, 10));
}

/** ResNet-like: an identity block, then one with a projection. Input [batch,3,16,16]. */
export function residual(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  const x = n.relu('relu0', n.norm('bn0', n.conv('conv0', 'input', 3, 8, 3), 8));
  let y = n.relu('a_relu1', n.norm('a_bn1', n.conv('a_conv1', x, 8, 8, 3), 8));
  y = n.norm('a_bn2', n.conv('a_conv2', y, 8, 8, 3), 8);
  const z = n.relu('a_relu2', n.add('a_add', y, x));
  const down = n.norm('b_down_bn', n.conv('b_down', z, 8, 16, 1, { stride: 2 }), 16);
  y = n.relu('b_relu1', n.norm('b_bn1', n.conv('b_conv1', z, 8, 16, 3, { stride: 2 }), 16));
  y = n.norm('b_bn2', n.conv('b_conv2', y, 16, 16, 3), 16);
  return n.classify(n.relu('b_relu2', n.add('b_add', y, down)), 16);
}

/** MobileNet-like: depthwise separable convolutions and an inverted residual with Clip. Input [batch,3,16,16]. */
export function depthwise(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  const clip = (name: string, x: string) => n.op('Clip', name, [x, n.b.constant(0), n.b.constant(6)]);
  let x = clip('clip0', n.conv('conv0', 'input', 3, 8, 3, { stride: 2 }));
  x = clip('dw1_clip', n.conv('dw1', x, 8, 8, 3, { group: 8 }));
  x = clip('pw1_clip', n.conv('pw1', x, 8, 12, 1));
  let y = clip('expand_clip', n.conv('expand', x, 12, 24, 1));
  y = clip('dw2_clip', n.conv('dw2', y, 24, 24, 3, { group: 24 }));
  x = n.add('add', n.conv('project', y, 24, 12, 1), x);
  return n.classify(clip('last_clip', n.conv('last', x, 12, 16, 1)), 16);
}

/** Inception-like: a block of two branches, and one of four. Input [batch,3,16,16]. */
export function branching(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  const stem = n.relu('stem_relu', n.conv('stem', 'input', 3, 12, 3, { stride: 2 }));
  const left = n.relu('left_relu', n.conv('left', stem, 12, 4, 1));
  const right = n.relu(
    'right_relu2',
    n.conv('right2', n.relu('right_relu1', n.conv('right1', stem, 12, 4, 1)), 4, 6, 3),
  );
  const x = n.concat('join', [left, right]);
  const pool = n.op('AveragePool', 'b4_pool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  const branches = [
    n.relu('b1_relu', n.conv('b1', x, 10, 4, 1)),
    n.relu('b2_relu2', n.conv('b2b', n.relu('b2_relu1', n.conv('b2a', x, 10, 3, 1)), 3, 6, 3)),
    n.relu('b3_relu2', n.conv('b3b', n.relu('b3_relu1', n.conv('b3a', x, 10, 2, 1)), 2, 4, 5)),
    n.relu('b4_relu', n.conv('b4', pool, 10, 2, 1)),
  ];
  return n.classify(n.concat('inception', branches), 16);
}

/** DenseNet-like: each layer reads the concatenation of all before it. Input [batch,3,12,12]. */
export function dense(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 12);
  const features = [n.conv('conv0', 'input', 3, 6, 3)];
  let channels = 6;
  for (let i = 1; i <= 4; i++) {
    const x = n.concat(`cat${i}`, features);
    features.push(n.conv(`dense${i}`, n.relu(`relu${i}`, n.norm(`bn${i}`, x, channels)), channels, 4, 3));
    channels += 4;
  }
  const t = n.conv(
    'transition',
    n.relu('t_relu', n.norm('t_bn', n.concat('t_cat', features), channels)),
    channels,
    8,
    1,
  );
  return n.classify(n.op('AveragePool', 't_pool', [t], { kernel_shape: [2, 2], strides: [2, 2] }), 8);
}

/** ShuffleNet-like: channel split, a depthwise branch, concat, and the shuffle by Reshape and Transpose. Input [batch,3,12,12]. */
export function shuffle(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 12);
  const x = n.relu('relu0', n.conv('conv0', 'input', 3, 8, 3, { stride: 2 }));
  const halves = n.b.ops('Split', [x, n.b.constant([4, 4], 'int64')], { axis: 1 }, ['split_left', 'split_right']);
  let y = n.relu('pw1_relu', n.conv('pw1', halves[1]!, 4, 4, 1));
  y = n.relu('pw2_relu', n.conv('pw2', n.conv('dw', y, 4, 4, 3, { group: 4 }), 4, 4, 1));
  const joined = n.concat('cat', [halves[0]!, y]);
  const first = typeof options.batch === 'number' || options.batch === undefined ? (options.batch ?? 1) : -1;
  const five = n.op('Reshape', 'shuffle_split', [
    joined,
    n.b.initializer(int64([first, 2, 4, 6, 6]), 'shuffle_shape1'),
  ]);
  const swapped = n.op('Transpose', 'shuffle_swap', [five], { perm: [0, 2, 1, 3, 4] });
  const four = n.op('Reshape', 'shuffle_join', [swapped, n.b.initializer(int64([first, 8, 6, 6]), 'shuffle_shape2')]);
  return n.classify(n.relu('last_relu', n.conv('last', four, 8, 8, 1)), 8);
}

/** Squeeze-and-excite with HardSigmoid and HardSwish, as in MobileNetV3. Input [batch,3,12,12]. */
export function squeezeExcite(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 12);
  const x = n.op('HardSwish', 'hs0', [n.conv('conv0', 'input', 3, 8, 3, { stride: 2 })]);
  const wide = n.relu('expand_relu', n.conv('expand', x, 8, 16, 1));
  const squeezed = n.relu('se_relu', n.conv('se_fc1', n.op('GlobalAveragePool', 'se_pool', [wide]), 16, 4, 1));
  const gate = n.op('HardSigmoid', 'se_gate', [n.conv('se_fc2', squeezed, 4, 16, 1)], {
    alpha: { float: Math.fround(1 / 6) },
  });
  const y = n.conv('project', n.op('Mul', 'se_mul', [wide, gate]), 16, 8, 1);
  return n.classify(n.op('HardSwish', 'hs1', [n.add('add', y, x)]), 8);
}

/** A vision transformer of one block, its shapes computed by Shape, Gather and Concat as exporters write them. Input [batch,3,16,16]. */
export function transformer(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 16);
  const [d, heads] = [16, 2];
  const dim = (x: string, i: number, name: string) =>
    n.op('Unsqueeze', `${name}_u`, [
      n.op('Gather', `${name}_g`, [n.op('Shape', `${name}_s`, [x]), n.b.initializer(int64([i], []))]),
      n.b.constant([0], 'int64'),
    ]);
  const shape = (name: string, parts: readonly string[]) => n.op('Concat', name, parts, { axis: 0 });
  const int = (v: number) => n.b.constant([v], 'int64');
  const linear = (name: string, x: string, from: number, to: number) =>
    n.add(
      name,
      n.op('MatMul', `${name}_mm`, [x, n.weight(`${name}.weight`, [from, to], from)]),
      n.weight(`${name}.bias`, [to], to),
    );
  const layerNorm = (name: string, x: string) =>
    n.op('LayerNormalization', name, [x, n.weight(`${name}.scale`, [d], 3), n.weight(`${name}.bias`, [d], 3)], {
      axis: -1,
    });

  const patches = n.conv('patch', 'input', 3, d, 4, { stride: 4 });
  const flat = n.op('Reshape', 'patch_flat', [patches, shape('patch_shape', [dim(patches, 0, 'b0'), int(d), int(-1)])]);
  const sequence = n.op('Transpose', 'sequence', [flat], { perm: [0, 2, 1] });
  const cls = n.op('Expand', 'cls_expand', [
    n.weight('cls', [1, 1, d], 3),
    shape('cls_shape', [dim(sequence, 0, 'b1'), int(1), int(d)]),
  ]);
  const x = n.concat('with_cls', [cls, sequence]);
  const normed = layerNorm('ln1', x);
  const [batch, length] = [dim(x, 0, 'b2'), dim(x, 1, 'l2')];
  const split = (name: string) => {
    const y = linear(name, normed, d, d);
    const s = shape(`${name}_shape`, [batch, length, int(heads), int(d / heads)]);
    return n.op('Transpose', `${name}_heads`, [n.op('Reshape', `${name}_split`, [y, s])], { perm: [0, 2, 1, 3] });
  };
  const [q, k, v] = [split('q'), split('k'), split('v')];
  const scores = n.op('MatMul', 'scores', [q, n.op('Transpose', 'k_t', [k], { perm: [0, 1, 3, 2] })]);
  const scaled = n.op('Mul', 'scaled', [scores, n.b.constant(Math.sqrt(heads / d))]);
  const attended = n.op('MatMul', 'attended', [n.op('Softmax', 'attention', [scaled], { axis: -1 }), v]);
  const merged = n.op('Transpose', 'merge', [attended], { perm: [0, 2, 1, 3] });
  const together = n.op('Reshape', 'merged', [merged, shape('merged_shape', [batch, length, int(d)])]);
  const y = n.add('res1', linear('proj', together, d, d), x);
  const hidden = n.relu('mlp_act', linear('mlp1', layerNorm('ln2', y), d, 32));
  const z = n.add('res2', linear('mlp2', hidden, 32, d), y);
  const token = n.op('Gather', 'token', [z, n.b.initializer(int64([0], []))], { axis: 1 });
  return n.finish(n.gemm('output', token, d, 10));
}

/** An If in the middle whose branches read tensors from around it. Input [batch,3,8,8]. */
export function conditional(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 8);
  const x = n.relu('relu0', n.conv('conv0', 'input', 3, 4, 3));
  const side = n.conv('side', x, 4, 4, 1);
  const mean = n.op('ReduceMean', 'mean', [x], { keepdims: 0 });
  const condition = n.op('Greater', 'condition', [mean, n.b.constant(0.1)]);
  const branch = (name: string, op: string) => {
    const body = new GraphBuilder(17);
    body.output(body.op(op, [x, side], {}, `${name}_out`), 'float32');
    return body.build(name);
  };
  const y = n.op('If', 'choose', [condition], {
    then_branch: { type: 'graph', value: branch('then', 'Add') },
    else_branch: { type: 'graph', value: branch('else', 'Mul') },
  });
  return n.classify(n.relu('last_relu', n.conv('last', y, 4, 8, 3)), 8);
}

/** Keras as tf2onnx writes it: NHWC outside, Transpose at the input, squeezed pools, MatMul + Add, long names. Input [batch,12,12,3]. */
export function kerasStyle(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 12, 13, [12, 12, 3]);
  const prefix = 'StatefulPartitionedCall/model';
  let x = n.op('Transpose', `${prefix}/conv2d/Conv2D__6:0`, ['input'], { perm: [0, 3, 1, 2] });
  x = n.relu(`${prefix}/conv2d/Relu:0`, n.conv(`${prefix}/conv2d/BiasAdd:0`, x, 3, 6, 3));
  x = n.maxPool(`${prefix}/max_pooling2d/MaxPool:0`, x);
  x = n.relu(`${prefix}/conv2d_1/Relu:0`, n.conv(`${prefix}/conv2d_1/BiasAdd:0`, x, 6, 8, 3));
  x = n.op('Transpose', `${prefix}/conv2d_1/Relu__20:0`, [x], { perm: [0, 2, 3, 1] });
  x = n.op('Reshape', `${prefix}/flatten/Reshape:0`, [
    x,
    n.b.initializer(int64([-1, 288]), `${prefix}/flatten/Const:0`),
  ]);
  x = n.op('MatMul', `${prefix}/dense/MatMul:0`, [
    x,
    n.weight(`${prefix}/dense/MatMul/ReadVariableOp:0`, [288, 10], 288),
  ]);
  x = n.add(`${prefix}/dense/BiasAdd:0`, x, n.weight(`${prefix}/dense/BiasAdd/ReadVariableOp:0`, [10], 3));
  return n.finish(n.op('Softmax', 'output', [x], { axis: -1 }));
}

/** Paddle as paddle2onnx writes it: opset 11, weights as Constant nodes, names like conv2d_0.w_0, no node names. */
export function paddleStyle(options: NetworkOptions = {}): Graph {
  const n = new Layers(options, 3, 12, 11);
  const weight = (name: string, shape: readonly number[], fanIn: number) =>
    n.b.op('Constant', [], { value: randomTensor(shape, n.random, Math.sqrt(3 / fanIn)) }, name);
  const bias = (name: string, channels: number) =>
    n.b.op('Reshape', [weight(name, [channels], 3), n.b.op('Constant', [], { value: int64([1, channels, 1, 1]) })]);
  const conv = (i: number, x: string, from: number, to: number) => {
    const w = weight(`conv2d_${i}.w_0`, [to, from, 3, 3], from * 9);
    const y = n.op('Conv', `conv2d_${i}.tmp_0`, [x, w], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
    return n.relu(`relu_${i}.tmp_0`, n.add(`conv2d_${i}.tmp_1`, y, bias(`conv2d_${i}.b_0`, to)));
  };
  const x = n.maxPool('pool2d_0.tmp_0', conv(0, 'input', 3, 6));
  const y = n.add('elementwise_add_0', conv(1, x, 6, 6), x);
  const flat = n.op('Reshape', 'flatten_0.tmp_0', [y, n.b.op('Constant', [], { value: int64([0, -1]) })]);
  const z = n.op('MatMul', 'linear_0.tmp_0', [flat, weight('linear_0.w_0', [216, 10], 216)]);
  const graph = n.finish(n.op('Softmax', 'output', [n.add('linear_0.tmp_1', z, weight('linear_0.b_0', [10], 3))]));
  return { ...graph, nodes: graph.nodes.map((node) => ({ ...node, name: '' })) };
}

/** Every generator by name, with the shape of its input without the batch. */
export const networks = {
  chain: { build: chain, input: [1, 28, 28] },
  residual: { build: residual, input: [3, 16, 16] },
  depthwise: { build: depthwise, input: [3, 16, 16] },
  branching: { build: branching, input: [3, 16, 16] },
  dense: { build: dense, input: [3, 12, 12] },
  shuffle: { build: shuffle, input: [3, 12, 12] },
  squeezeExcite: { build: squeezeExcite, input: [3, 12, 12] },
  transformer: { build: transformer, input: [3, 16, 16] },
  conditional: { build: conditional, input: [3, 8, 8] },
  kerasStyle: { build: kerasStyle, input: [12, 12, 3] },
  paddleStyle: { build: paddleStyle, input: [3, 12, 12] },
} as const satisfies Record<string, { build: (options?: NetworkOptions) => Graph; input: readonly number[] }>;

/** The two reference networks (REFERENCE: He et al. 2019, appendix), untrained. Nodes and tensors bear the names of the cuts. */
import { type Dim, float32, type Graph, GraphBuilder, sizeOf } from '../model/index.ts';
import type { Random } from '../random.ts';

export interface NetworkSpec {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** @param classes length of the logits */
  build(classes: number, random: Random): Graph;
}

/** Weights as PyTorch starts them: uniform within ±1/√fan-in. */
class Layers {
  readonly b = new GraphBuilder(17);
  readonly #random: Random;
  #last: string;

  constructor(shape: readonly Dim[], random: Random) {
    this.#random = random;
    this.#last = this.b.input('input', 'float32', shape);
  }

  #weight(name: string, shape: readonly number[], fanIn: number): string {
    const limit = 1 / Math.sqrt(fanIn);
    const data = this.#random.fork(name).fillUniform(new Float32Array(sizeOf(shape)), -limit, limit);
    return this.b.initializer(float32(data, shape), name);
  }

  #append(
    op: string,
    name: string,
    inputs: readonly string[],
    attributes: Parameters<GraphBuilder['op']>[2] = {},
  ): this {
    this.#last = this.b.op(op, [this.#last, ...inputs], attributes, name);
    return this;
  }

  conv(name: string, inputs: number, outputs: number, kernel: number, pad: number): this {
    const fanIn = inputs * kernel * kernel;
    const weights = [
      this.#weight(`${name}.weight`, [outputs, inputs, kernel, kernel], fanIn),
      this.#weight(`${name}.bias`, [outputs], fanIn),
    ];
    return this.#append('Conv', name, weights, { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad] });
  }

  linear(name: string, inputs: number, outputs: number): this {
    const weights = [
      this.#weight(`${name}.weight`, [outputs, inputs], inputs),
      this.#weight(`${name}.bias`, [outputs], inputs),
    ];
    return this.#append('Gemm', name, weights, { transB: 1 });
  }

  relu(name: string): this {
    return this.#append('Relu', name, []);
  }

  sigmoid(name: string): this {
    return this.#append('Sigmoid', name, []);
  }

  pool(name: string): this {
    return this.#append('MaxPool', name, [], { kernel_shape: [2, 2], strides: [2, 2] });
  }

  flatten(): this {
    return this.#append('Flatten', 'flatten', []);
  }

  done(name: string, classes: number): Graph {
    this.b.output(this.#last, 'float32', ['batch', classes]);
    return this.b.build(name);
  }
}

const lenet: NetworkSpec = {
  channels: 1,
  height: 28,
  width: 28,
  mean: [0.5],
  std: [0.5],
  build: (classes, random) =>
    new Layers(['batch', 1, 28, 28], random)
      .conv('conv1', 1, 8, 5, 0)
      .relu('ReLU1')
      .pool('pool1')
      .conv('conv2', 8, 16, 5, 0)
      .relu('ReLU2')
      .pool('pool2')
      .flatten()
      .linear('fc1', 256, 120)
      .relu('fc1act')
      .linear('fc2', 120, 84)
      .relu('fc2act')
      .linear('fc3', 84, classes)
      .done('LeNet', classes),
};

const cifar10cnn: NetworkSpec = {
  channels: 3,
  height: 32,
  width: 32,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  build: (classes, random) =>
    new Layers(['batch', 3, 32, 32], random)
      .conv('conv11', 3, 64, 3, 1)
      .relu('ReLU11')
      .conv('conv12', 64, 64, 3, 1)
      .relu('ReLU12')
      .pool('pool1')
      .conv('conv21', 64, 128, 3, 1)
      .relu('ReLU21')
      .conv('conv22', 128, 128, 3, 1)
      .relu('ReLU22')
      .pool('pool2')
      .conv('conv31', 128, 128, 3, 1)
      .relu('ReLU31')
      .conv('conv32', 128, 128, 3, 1)
      .relu('ReLU32')
      .pool('pool3')
      .flatten()
      .linear('fc1', 2048, 512)
      .sigmoid('Sigmoid')
      .linear('fc2', 512, classes)
      .done('CIFAR10CNN', classes),
};

export const networks = { lenet, cifar10cnn } as const;
export type NetworkName = keyof typeof networks;

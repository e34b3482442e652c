/** The two reference networks (REFERENCE: He et al. 2019, appendix), untrained. Nodes and tensors bear the names of the cuts. */
import type { Dim, Graph } from '../model/index.ts';
import type { Random } from '../random.ts';
import { Layers } from './layers.ts';

export interface NetworkSpec {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** @param classes length of the logits */
  build(classes: number, random: Random): Graph;
}

/** Layers one after the other. */
class Chain {
  readonly #layers: Layers;
  #last: string;

  constructor(shape: readonly Dim[], random: Random) {
    this.#layers = new Layers(random);
    this.#last = this.#layers.graph.input('input', 'float32', shape);
  }

  conv(name: string, inputs: number, outputs: number, kernel: number, pad: number): this {
    this.#last = this.#layers.conv(name, this.#last, { inputs, outputs, kernel, pad });
    return this;
  }

  linear(name: string, inputs: number, outputs: number): this {
    this.#last = this.#layers.linear(name, this.#last, inputs, outputs);
    return this;
  }

  relu(name: string): this {
    this.#last = this.#layers.relu(name, this.#last);
    return this;
  }

  sigmoid(name: string): this {
    this.#last = this.#layers.op(name, 'Sigmoid', [this.#last]);
    return this;
  }

  pool(name: string): this {
    this.#last = this.#layers.op(name, 'MaxPool', [this.#last], { kernel_shape: [2, 2], strides: [2, 2] });
    return this;
  }

  flatten(): this {
    this.#last = this.#layers.op('flatten', 'Flatten', [this.#last]);
    return this;
  }

  done(name: string, classes: number): Graph {
    this.#layers.graph.output(this.#last, 'float32', ['batch', classes]);
    return this.#layers.graph.build(name);
  }
}

const lenet: NetworkSpec = {
  channels: 1,
  height: 28,
  width: 28,
  mean: [0.5],
  std: [0.5],
  build: (classes, random) =>
    new Chain(['batch', 1, 28, 28], random)
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
    new Chain(['batch', 3, 32, 32], random)
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

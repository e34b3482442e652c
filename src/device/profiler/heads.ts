/** Heads as people cut them, which no fit has seen: what the roofs say of them is held against what they take. */
import { type Graph, GraphBuilder, sizeOf, type Tensor } from '../../model/index.ts';

export interface TrialHead {
  readonly label: string;
  readonly graph: Graph;
}

export function trialHeads(): TrialHead[] {
  return [
    { label: 'plain, 3×3 and pooling', graph: plain() },
    { label: 'separable, strides', graph: separable() },
    { label: 'residual', graph: residual() },
    { label: 'dense', graph: dense() },
  ];
}

/** A network under construction: the tensor at its end, and its shape. */
class Stack {
  readonly b = new GraphBuilder();
  x: string;
  shape: readonly number[];

  constructor(shape: readonly number[]) {
    this.shape = shape;
    this.x = this.b.input('x', 'float32', shape);
  }

  conv(channels: number, kernel: number, stride = 1, group = 1): this {
    const [n, c, h, w] = this.shape as [number, number, number, number];
    const weights = this.b.initializer(mean([channels, c / group, kernel, kernel]));
    const bias = this.b.initializer(mean([channels]));
    const pad = (kernel - 1) / 2;
    const attributes = { kernel_shape: [kernel, kernel], pads: [pad, pad, pad, pad], strides: [stride, stride], group };
    this.x = this.b.op('Relu', [this.b.op('Conv', [this.x, weights, bias], attributes)]);
    this.shape = [n, channels, Math.floor((h - 1) / stride) + 1, Math.floor((w - 1) / stride) + 1];
    return this;
  }

  pool(): this {
    const [n, c, h, w] = this.shape as [number, number, number, number];
    this.x = this.b.op('MaxPool', [this.x], { kernel_shape: [2, 2], strides: [2, 2] });
    this.shape = [n, c, h / 2, w / 2];
    return this;
  }

  linear(size: number): this {
    const [n, from] = this.shape as [number, number];
    this.x = this.b.op('Relu', [this.b.op('MatMul', [this.x, this.b.initializer(mean([from, size]))])]);
    this.shape = [n, size];
    return this;
  }

  flatten(): this {
    this.x = this.b.op('Flatten', [this.x]);
    this.shape = [this.shape[0]!, sizeOf(this.shape.slice(1))];
    return this;
  }

  end(): Graph {
    this.b.output(this.x, 'float32', this.shape);
    return this.b.build();
  }
}

const plain = () => new Stack([1, 3, 64, 64]).conv(24, 3).conv(24, 3).pool().conv(48, 3).conv(48, 3).pool().end();

function separable(): Graph {
  const s = new Stack([1, 3, 96, 96]).conv(24, 3, 2);
  for (const [channels, stride] of [
    [48, 1],
    [96, 2],
    [96, 1],
    [192, 2],
    [192, 1],
  ] as const)
    s.conv(s.shape[1]!, 3, stride, s.shape[1]!).conv(channels, 1);
  return s.end();
}

function residual(): Graph {
  const s = new Stack([1, 3, 64, 64]).conv(40, 3, 2);
  for (let i = 0; i < 3; i++) {
    const before = s.x;
    s.conv(40, 3).conv(40, 3);
    s.x = s.b.op('Relu', [s.b.op('Add', [s.x, before])]);
  }
  return s.end();
}

const dense = () => new Stack([1, 1, 28, 28]).flatten().linear(700).linear(300).linear(150).end();

/** Values stay near one, so no run slows down in denormal numbers. */
function mean(shape: readonly number[]): Tensor {
  const per = Math.max(1, sizeOf(shape.slice(1)));
  return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(1 / per) };
}

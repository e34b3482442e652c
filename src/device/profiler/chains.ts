/** Small graphs whose time tells what one operator costs: chains of n equal nodes, for n in {short, long}. */
import { type Graph, GraphBuilder, type Tensor, type Tensors } from '../../model/index.ts';
import type { OperatorClass } from '../../profile/index.ts';

/** One size of one operator class. */
export interface Probe {
  readonly class: OperatorClass;
  readonly label: string;
  /** Of one node. */
  readonly macs: number;
  /** Inputs, weights and output of one node. */
  readonly bytes: number;
  chain(length: number): { graph: Graph; feeds: Tensors };
}

/** Sizes that a Raspberry Pi finishes in a moment; on each class one side of the roof and the other. */
export const probes: readonly Probe[] = [
  conv('conv', 64, 3, 32),
  conv('conv', 128, 3, 16),
  conv('conv', 16, 3, 16),
  conv('conv', 256, 1, 14),
  conv('depthwise', 32, 3, 56),
  conv('depthwise', 128, 3, 28),
  conv('depthwise', 512, 3, 7),
  matmul(1, 256),
  matmul(1, 1024),
  matmul(128, 512),
  add(16, 28),
  add(64, 56),
  add(64, 112),
];

function conv(kind: 'conv' | 'depthwise', channels: number, kernel: number, side: number): Probe {
  const perGroup = kind === 'conv' ? channels : 1;
  const weights = channels * perGroup * kernel * kernel;
  const activation = channels * side * side;
  return {
    class: kind,
    label: `${channels} channels, ${kernel}×${kernel}, on ${side}×${side}`,
    macs: activation * perGroup * kernel * kernel,
    bytes: 4 * (2 * activation + weights),
    chain: (length) =>
      build([1, channels, side, side], length, (b, x) => {
        // A mean: values stay near one, so no run slows down in denormal numbers.
        const w = b.initializer(filled([channels, perGroup, kernel, kernel], 1 / (perGroup * kernel * kernel)));
        const pad = (kernel - 1) / 2;
        return b.op('Conv', [x, w], {
          kernel_shape: [kernel, kernel],
          pads: [pad, pad, pad, pad],
          group: channels / perGroup,
        });
      }),
  };
}

function matmul(rows: number, size: number): Probe {
  return {
    class: 'matmul',
    label: `${rows}×${size} by ${size}×${size}`,
    macs: rows * size * size,
    bytes: 4 * (2 * rows * size + size * size),
    // Each node has weights of its own: shared ones would stay in the cache and look faster than memory is.
    chain: (length) =>
      build([rows, size], length, (b, x) => b.op('MatMul', [x, b.initializer(filled([size, size], 1 / size))])),
  };
}

function add(channels: number, side: number): Probe {
  const activation = channels * side * side;
  return {
    class: 'elementwise',
    label: `sum of two ${channels}×${side}×${side}`,
    macs: 0,
    bytes: 4 * 3 * activation,
    chain: (length) => build([1, channels, side, side], length, (b, x, first) => b.op('Add', [x, first])),
  };
}

/** Nodes that do next to nothing: what is left is the price of a node. */
export function overheadChain(length: number): { graph: Graph; feeds: Tensors } {
  return build([1], length, (b, x, first) => b.op('Add', [x, first]));
}

function build(
  shape: readonly number[],
  length: number,
  step: (b: GraphBuilder, x: string, first: string) => string,
): { graph: Graph; feeds: Tensors } {
  const b = new GraphBuilder();
  const first = b.input('x', 'float32', shape);
  let x = first;
  for (let i = 0; i < length; i++) x = step(b, x, first);
  b.output(x, 'float32', shape);
  return { graph: b.build(), feeds: { x: filled(shape, 1) } };
}

function filled(shape: readonly number[], value: number): Tensor {
  return {
    dtype: 'float32',
    shape,
    data: new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(value),
  };
}

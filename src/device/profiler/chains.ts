/** Small graphs whose time tells what one operator costs: n equal nodes, for n in {short, long}. */
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
  /** It is not fitted: the fit is held against it. */
  readonly heldOut: boolean;
  chain(length: number): { graph: Graph; feeds: Tensors };
}

/**
 * Sizes that a Raspberry Pi finishes in a moment: on each class one side of the roof and the other, in the cache and beyond
 * it, strided, dilated, a small batch. Every third or so is left out of the fit.
 */
export const probes: readonly Probe[] = [
  conv('conv', { channels: 64, kernel: 3, side: 32 }),
  conv('conv', { channels: 128, kernel: 3, side: 16 }),
  conv('conv', { channels: 16, kernel: 3, side: 16 }),
  conv('conv', { channels: 256, kernel: 1, side: 14 }),
  conv('conv', { channels: 32, kernel: 1, side: 56 }),
  conv('conv', { channels: 64, kernel: 3, side: 28, stride: 2 }),
  conv('conv', { from: 3, channels: 32, kernel: 3, side: 64 }),
  // Runtimes block channels by 8 or 16: what is no multiple pays for the rest.
  conv('conv', { channels: 24, kernel: 3, side: 32 }),
  conv('conv', { channels: 40, kernel: 3, side: 28 }),
  held(conv('conv', { channels: 96, kernel: 3, side: 14 })),
  held(conv('conv', { channels: 48, kernel: 3, side: 28, dilation: 2 })),
  held(conv('conv', { channels: 128, kernel: 1, side: 28 })),
  conv('depthwise', { channels: 32, kernel: 3, side: 56 }),
  conv('depthwise', { channels: 128, kernel: 3, side: 28 }),
  conv('depthwise', { channels: 512, kernel: 3, side: 7 }),
  conv('depthwise', { channels: 96, kernel: 5, side: 14 }),
  conv('depthwise', { channels: 96, kernel: 3, side: 56, stride: 2 }),
  conv('depthwise', { channels: 64, kernel: 3, side: 28, dilation: 2 }),
  conv('depthwise', { channels: 64, kernel: 3, side: 14, batch: 4 }),
  held(conv('depthwise', { channels: 256, kernel: 3, side: 14 })),
  held(conv('depthwise', { channels: 144, kernel: 3, side: 56 })),
  held(conv('depthwise', { channels: 240, kernel: 5, side: 28, stride: 2 })),
  matmul(1, 256),
  matmul(1, 1024),
  matmul(128, 512),
  matmul(16, 256),
  held(matmul(1, 512)),
  held(matmul(64, 384)),
  add(16, 28),
  add(64, 56),
  add(64, 112),
  add(32, 28),
  held(add(32, 56)),
  held(add(128, 14)),
];

function held(probe: Probe): Probe {
  return { ...probe, heldOut: true };
}

interface Window {
  /** Channels read; default as many as are written. */
  readonly from?: number;
  readonly channels: number;
  readonly kernel: number;
  readonly side: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly batch?: number;
}

function conv(kind: 'conv' | 'depthwise', window: Window): Probe {
  const { channels, kernel, side, from = channels, stride = 1, dilation = 1, batch = 1 } = window;
  const perGroup = kind === 'conv' ? from : 1;
  const weights = channels * perGroup * kernel * kernel;
  const pad = (dilation * (kernel - 1)) / 2;
  const outSide = Math.floor((side - 1) / stride) + 1;
  const [read, written] = [batch * from * side * side, batch * channels * outSide * outSide];
  const more = [
    from !== channels && `from ${from}`,
    stride > 1 && `stride ${stride}`,
    dilation > 1 && `dilation ${dilation}`,
    batch > 1 && `batch ${batch}`,
  ];
  return {
    class: kind,
    label: [`${channels} channels, ${kernel}×${kernel}, on ${side}×${side}`, ...more.filter(Boolean)].join(', '),
    macs: written * perGroup * kernel * kernel,
    bytes: 4 * (read + written + weights),
    heldOut: false,
    // What has another size than was read cannot be fed to the same node again: such nodes stand side by side.
    chain: (length) =>
      build(
        [batch, from, side, side],
        length,
        stride === 1 && from === channels ? 'chain' : [batch, channels, outSide, outSide],
        (b, x) => {
          // A mean: values stay near one, so no run slows down in denormal numbers.
          const w = b.initializer(filled([channels, perGroup, kernel, kernel], 1 / (perGroup * kernel * kernel)));
          return b.op('Conv', [x, w], {
            kernel_shape: [kernel, kernel],
            pads: [pad, pad, pad, pad],
            strides: [stride, stride],
            dilations: [dilation, dilation],
            group: from / perGroup,
          });
        },
      ),
  };
}

function matmul(rows: number, size: number): Probe {
  return {
    class: 'matmul',
    label: `${rows}×${size} by ${size}×${size}`,
    macs: rows * size * size,
    bytes: 4 * (2 * rows * size + size * size),
    heldOut: false,
    // Each node has weights of its own: shared ones would stay in the cache and look faster than memory is.
    chain: (length) =>
      build([rows, size], length, 'chain', (b, x) =>
        b.op('MatMul', [x, b.initializer(filled([size, size], 1 / size))]),
      ),
  };
}

function add(channels: number, side: number): Probe {
  const activation = channels * side * side;
  return {
    class: 'elementwise',
    label: `sum of two ${channels}×${side}×${side}`,
    macs: 0,
    bytes: 4 * 3 * activation,
    heldOut: false,
    chain: (length) => build([1, channels, side, side], length, 'chain', (b, x, first) => b.op('Add', [x, first])),
  };
}

/** Nodes that do next to nothing: what is left is the price of a node. */
export function overheadChain(length: number): { graph: Graph; feeds: Tensors } {
  return build([1], length, 'chain', (b, x, first) => b.op('Add', [x, first]));
}

/** One after the other, or side by side on the same input, with outputs of the shape given. */
function build(
  shape: readonly number[],
  length: number,
  how: 'chain' | readonly number[],
  step: (b: GraphBuilder, x: string, first: string) => string,
): { graph: Graph; feeds: Tensors } {
  const b = new GraphBuilder();
  const first = b.input('x', 'float32', shape);
  let x = first;
  for (let i = 0; i < length; i++) {
    const made = step(b, x, first);
    if (how === 'chain') x = made;
    else b.output(made, 'float32', how);
  }
  if (how === 'chain') b.output(x, 'float32', shape);
  return { graph: b.build(), feeds: { x: filled(shape, 1) } };
}

function filled(shape: readonly number[], value: number): Tensor {
  return {
    dtype: 'float32',
    shape,
    data: new Float32Array(shape.reduce((a, d) => a * d, 1)).fill(value),
  };
}

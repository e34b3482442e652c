/**
 * A small network with a code in its middle, as a learned bottleneck writes it: convolution, tanh, and rounding in one of several
 * spellings of v = (2i + 1)/L − 1. The tensor is called `code`; a decoder and a classifier follow.
 */
import type { Dim, Graph, GraphBuilder } from '../../src/model/index.ts';
import { Layers } from './networks.ts';

/** y in (−1, 1) to levels: L of them. */
export const spellings = {
  floor: (b, y, levels) =>
    b.op(
      'Add',
      [b.op('Mul', [b.op('Floor', [times(b, y, levels / 2)]), b.constant(2 / levels)]), b.constant(1 / levels)],
      {},
      'code',
    ),
  round: (b, y, levels) => {
    const shifted = b.op('Sub', [times(b, y, levels / 2), b.constant(0.5)]);
    const level = b.op('Add', [b.op('Round', [shifted]), b.constant(0.5)]);
    return b.op('Div', [level, b.constant(levels / 2)], {}, 'code');
  },
  ceil: (b, y, levels) =>
    b.op(
      'Sub',
      [b.op('Div', [b.op('Ceil', [times(b, y, levels / 2)]), b.constant(levels / 2)]), b.constant(1 / levels)],
      {},
      'code',
    ),
  clipped: (b, y, levels) => {
    // Beyond what tanh gives, so that the clip has work to do.
    const level = b.op('Clip', [
      b.op('Floor', [times(b, y, levels)]),
      b.constant(-levels / 2),
      b.constant(levels / 2 - 1),
    ]);
    return b.op('Mul', [b.op('Add', [level, b.constant(0.5)]), b.constant(2 / levels)], {}, 'code');
  },
  integers: (b, y, levels) => {
    const positive = b.op('Mul', [b.op('Add', [y, b.constant(1)]), b.constant(levels / 2)]);
    const level = b.op('Cast', [b.op('Cast', [positive], { to: 7 })], { to: 1 });
    const scaled = b.op('Mul', [b.op('Add', [level, b.constant(0.5)]), b.constant(2 / levels)]);
    return b.op('Sub', [scaled, b.constant(1)], {}, 'code');
  },
  quantised: (b, y, levels) => {
    const [scale, zero] = [
      b.constant(2 / levels),
      b.initializer({ dtype: 'uint8', shape: [], data: Uint8Array.of(0) }),
    ];
    const positive = b.op('Add', [y, b.constant(1 - 1 / levels)]);
    const level = b.op('QuantizeLinear', [positive, scale, zero]);
    return b.op('Add', [b.op('DequantizeLinear', [level, scale, zero]), b.constant(1 / levels - 1)], {}, 'code');
  },
} as const satisfies Record<string, (b: GraphBuilder, y: string, levels: number) => string>;
export type Spelling = keyof typeof spellings;

/** Of two levels. */
export const signs = {
  sign: (b, y) => b.op('Mul', [b.op('Sign', [y]), b.constant(0.5)], {}, 'code'),
  where: (b, y) => b.op('Where', [b.op('Greater', [y, b.constant(0)]), b.constant(0.5), b.constant(-0.5)], {}, 'code'),
  comparison: (b, y) =>
    b.op('Sub', [b.op('Cast', [b.op('GreaterOrEqual', [y, b.constant(0)])], { to: 1 }), b.constant(0.5)], {}, 'code'),
} as const satisfies Record<string, (b: GraphBuilder, y: string) => string>;

const times = (b: GraphBuilder, y: string, factor: number) => b.op('Mul', [y, b.constant(factor)]);

export interface CodedOptions {
  readonly bits?: number;
  /** Of the code. */
  readonly channels?: number;
  readonly size?: number;
  readonly batch?: Dim;
  readonly seed?: number;
  /** Factor before the tanh. */
  readonly gain?: number;
  readonly write?: (b: GraphBuilder, y: string, levels: number) => string;
  /** The picture's channels. */
  readonly pictureChannels?: number;
}

export function codedNetwork(options: CodedOptions = {}): Graph {
  const { bits = 2, channels = 8, size = 8, gain = 1, write = spellings.floor, pictureChannels = 1 } = options;
  const net = new Layers(options, pictureChannels, size);
  const { b } = net;
  const encoded = net.conv('encode', 'input', pictureChannels, channels, 3, { stride: 2 });
  const bounded = b.op('Tanh', [times(b, encoded, gain)], {}, 'bounded');
  const code = write(b, bounded, 2 ** bits);
  const decoded = net.op('Relu', 'decoded', [net.conv('decode', code, channels, 4, 3)]);
  const flat = net.op('Flatten', 'flat', [decoded]);
  const inputs = 4 * (size / 2) ** 2;
  const weight = net.weight('classify.weight', [inputs, 10], inputs);
  net.op('MatMul', 'output', [flat, weight]);
  b.output('output', 'float32', [options.batch ?? 1, 10]);
  return b.build('coded');
}

/** Convolutions along one, two and three axes. */
import { product, type Sweep } from '../variant.ts';

interface Shape {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly size: readonly number[];
}

/** Sizes where the last window ends with the input, and where something is left over. */
const shapes: readonly Shape[] = [
  { kernel: [3], strides: [1], dilations: [1], size: [6] },
  { kernel: [3], strides: [2], dilations: [2], size: [8] },
  { kernel: [1, 1], strides: [1, 1], dilations: [1, 1], size: [3, 4] },
  { kernel: [3, 2], strides: [1, 1], dilations: [1, 1], size: [5, 4] },
  { kernel: [3, 3], strides: [2, 3], dilations: [1, 1], size: [6, 7] },
  { kernel: [2, 3], strides: [1, 2], dilations: [2, 1], size: [5, 6] },
  { kernel: [1, 2], strides: [3, 3], dilations: [1, 1], size: [5, 7] },
  { kernel: [2, 2, 2], strides: [1, 2, 1], dilations: [1, 1, 2], size: [3, 4, 4] },
];
const paddings = ['none', 'uneven', 'wide', 'SAME_UPPER', 'SAME_LOWER', 'VALID'] as const;

function padded(padding: (typeof paddings)[number], rank: number) {
  const each = (first: number, second: number) =>
    Array.from({ length: 2 * rank }, (_, i) => (i < rank ? first : second));
  if (padding === 'none') return {};
  if (padding === 'uneven') return { pads: each(1, 0) };
  if (padding === 'wide') return { pads: each(2, 3) };
  return { auto_pad: padding };
}

/** Channels in, out and groups: dense, grouped, depthwise; few channels in take another formulation. */
const channels = [
  [2, 3, 1],
  [1, 8, 1],
  [4, 4, 2],
  [3, 6, 3],
] as const;

const conv = product(
  [7, 22],
  { shape: shapes, padding: paddings, channels, bias: [false, true], constant: [false, true] },
  ({ opset, shape, padding, channels: [inputs, outputs, group], bias, constant }) => {
    // Each setting with every opset would only repeat: bias and constants alternate.
    if ((opset === 7) === bias) return undefined;
    const { kernel, strides, dilations, size } = shape;
    return {
      write: (s) => {
        const x = s.real([2, inputs, ...size]);
        const w = s.either(constant, [outputs, inputs / group, ...kernel]);
        const attributes = { kernel_shape: kernel, strides, dilations, group, ...padded(padding, kernel.length) };
        s.node('Conv', bias ? [x, w, s.either(constant, [outputs])] : [x, w], attributes);
      },
      ...(padding.startsWith('SAME') && dilations.some((d) => d > 1) && { refused: 'no dilation under SAME' }),
    };
  },
);

/** Nothing but weights says how large the kernel is. */
const bare = product([7, 22], { rank: [1, 2, 3] }, ({ rank }) => (s) => {
  s.node('Conv', [s.real([1, 2, ...[4, 5, 3].slice(0, rank)]), s.real([2, 2, ...[2, 3, 2].slice(0, rank)])]);
});

const transposed = product(
  [7, 22],
  {
    shape: shapes,
    padding: ['none', 'uneven', 'SAME_UPPER', 'SAME_LOWER', 'VALID'],
    extra: ['none', 'output_padding', 'output_shape'],
    channels,
    constant: [false, true],
  },
  ({ opset, shape, padding, extra, channels: [inputs, outputs, group], constant }) => {
    if ((opset === 7) === constant) return undefined;
    const { kernel, strides, dilations, size } = shape;
    // Room for more output is where the stride, or the dilation, leaves gaps.
    const room = strides.map((n, i) => Math.max(n, dilations[i]!) - 1);
    if (extra === 'output_padding' && room.every((n) => n === 0)) return undefined;
    const made = size.map((n, i) => strides[i]! * (n - 1) + dilations[i]! * (kernel[i]! - 1) + 1);
    if (padding === 'uneven' && made.some((n) => n < 2)) return undefined;
    const extras = {
      ...(extra === 'output_padding' && { output_padding: room }),
      ...(extra === 'output_shape' && { output_shape: made.map((n) => n - 1) }),
    };
    const attributes = {
      kernel_shape: kernel,
      strides,
      dilations,
      group,
      ...padded(padding, kernel.length),
      ...extras,
    };
    return {
      write: (s) => {
        const x = s.real([1, inputs, ...size]);
        const w = s.either(constant, [inputs, outputs / group, ...kernel]);
        s.node('ConvTranspose', [x, w, s.either(constant, [outputs])], attributes);
      },
      ...('output_padding' in extras &&
        room.some((n, i) => n >= strides[i]!) && { refused: 'padding as wide as a stride' }),
    };
  },
);

export const convolution: Sweep = { Conv: [...conv, ...bare], ConvTranspose: transposed };

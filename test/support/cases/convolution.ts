import type { CaseGenerator, Sketch } from './sketch.ts';

/** Kernel, strides, dilations and pads over `rank` axes, and an input that is large enough. */
export function drawWindow(s: Sketch, rank: number, options: { maxPad?: (kernel: number) => number } = {}) {
  const small = rank === 3 ? 2 : 3;
  const kernel = s.ints(rank, 1, small);
  const strides = s.ints(rank, 1, small);
  const dilations = s.ints(rank, 1, rank === 3 ? 1 : 2);
  const pads = [...kernel, ...kernel].map((k) => s.int(0, options.maxPad?.(k) ?? 2));
  const spatial = kernel.map((k, d) => (k - 1) * dilations[d]! + 1 + s.int(0, rank === 1 ? 6 : 3));
  return { kernel, strides, dilations, pads, spatial };
}

const conv =
  (rank: number): CaseGenerator =>
  (s) => {
    const { kernel, strides, dilations, pads, spatial } = drawWindow(s, rank);
    const group = s.pick([1, 1, 2, 3]);
    const channels = group * s.int(1, 2);
    const outputs = group * s.int(1, 2);
    const x = s.real([s.int(1, 2), channels, ...spatial]);
    const w = s.weight([outputs, channels / group, ...kernel]);
    const bias = s.bool() ? [s.weight([outputs])] : [];
    const how = s.bool() ? { kernel_shape: kernel } : {};
    s.node('Conv', [x, w, ...bias], { group, strides, dilations, pads, ...how });
  };

const convAutoPad: CaseGenerator = (s) => {
  const { kernel, strides, spatial } = drawWindow(s, 2);
  const x = s.real([1, 2, ...spatial]);
  const auto_pad = s.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET']);
  s.node('Conv', [x, s.weight([2, 2, ...kernel])], { kernel_shape: kernel, strides, auto_pad });
};

/** Depthwise: as many groups as channels, one or two outputs each. */
const depthwise: CaseGenerator = (s) => {
  const { kernel, strides, pads, spatial } = drawWindow(s, 2);
  const channels = s.int(1, 4);
  const outputs = channels * s.int(1, 2);
  const x = s.real([s.int(1, 2), channels, ...spatial]);
  s.node('Conv', [x, s.weight([outputs, 1, ...kernel]), s.weight([outputs])], { group: channels, strides, pads });
};

const convTranspose =
  (rank: number): CaseGenerator =>
  (s) => {
    const small = rank === 3 ? 2 : 3;
    const kernel = s.ints(rank, 1, small);
    const strides = s.ints(rank, 1, small);
    const dilations = s.ints(rank, 1, rank === 3 ? 1 : 2);
    const group = s.pick([1, 1, 2]);
    const channels = group * s.int(1, 2);
    const outputs = s.int(1, 2);
    const spatial = s.ints(rank, 2, 4);
    // Padding must leave at least one element.
    const reach = kernel.map((k, d) => (k - 1) * dilations[d]!);
    const pads = [...reach, ...reach].map((r) => s.int(0, Math.min(1, r)));
    const output_padding = strides.map((n) => s.int(0, n - 1));
    const x = s.real([s.int(1, 2), channels, ...spatial]);
    const w = s.weight([channels, outputs, ...kernel]);
    const bias = s.bool() ? [s.weight([outputs * group])] : [];
    s.node('ConvTranspose', [x, w, ...bias], { group, strides, dilations, pads, output_padding });
  };

const convTransposeShape: CaseGenerator = (s) => {
  const kernel = s.ints(2, 2, 3);
  const strides = s.ints(2, 1, 2);
  const spatial = s.ints(2, 2, 4);
  const full = spatial.map((n, d) => strides[d]! * (n - 1) + kernel[d]!);
  const output_shape = full.map((n) => n - s.int(0, 1));
  const x = s.real([1, 2, ...spatial]);
  s.node('ConvTranspose', [x, s.weight([2, 2, ...kernel])], { kernel_shape: kernel, strides, output_shape });
};

export const convolutionCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Conv: [conv(1), conv(2), conv(3), depthwise, convAutoPad],
  ConvTranspose: [convTranspose(1), convTranspose(2), convTranspose(3), convTransposeShape],
};

import { drawWindow } from './convolution.ts';
import type { CaseGenerator } from './sketch.ts';

/** Padding of a pool must be smaller than its kernel, or a window would hold padding only. */
const belowKernel = { maxPad: (kernel: number) => Math.min(kernel - 1, 1) };

const maxPool =
  (rank: number, outputs: number): CaseGenerator =>
  (s) => {
    const { kernel, strides, dilations, pads, spatial } = drawWindow(s, rank, belowKernel);
    const x = s.real([s.int(1, 2), s.int(1, 2), ...spatial]);
    const ceil_mode = s.int(0, 1);
    s.node('MaxPool', [x], { kernel_shape: kernel, strides, dilations, pads, ceil_mode }, outputs);
  };

const averagePool =
  (rank: number): CaseGenerator =>
  (s) => {
    s.opset = s.pick([11, 17, 19]);
    const { kernel, strides, pads, spatial, dilations } = drawWindow(s, rank, belowKernel);
    const x = s.real([s.int(1, 2), s.int(1, 2), ...spatial]);
    const modes = { ceil_mode: s.int(0, 1), count_include_pad: s.int(0, 1) };
    const dilated = s.opset >= 19 ? { dilations } : {};
    s.node('AveragePool', [x], { kernel_shape: kernel, strides, pads, ...modes, ...dilated });
  };

const samePool =
  (op: string): CaseGenerator =>
  (s) => {
    const { kernel, spatial } = drawWindow(s, 2);
    // onnxruntime 1.30 refuses SAME with gaps between the windows: it computes negative padding.
    const strides = kernel.map((k) => s.int(1, k));
    const auto_pad = s.pick(['SAME_UPPER', 'SAME_LOWER', 'VALID']);
    s.node(op, [s.real([1, 2, ...spatial])], { kernel_shape: kernel, strides, auto_pad });
  };

const globalPool =
  (op: string): CaseGenerator =>
  (s) =>
    s.node(op, [s.real([s.int(1, 3), s.int(1, 3), ...s.shape(1, 3)])]);

const lpPool: CaseGenerator = (s) => {
  const { kernel, strides, pads, spatial } = drawWindow(s, 2, belowKernel);
  const x = s.real([s.int(1, 2), s.int(1, 2), ...spatial]);
  s.node('LpPool', [x], { kernel_shape: kernel, strides, pads, p: s.int(1, 3) });
};

const globalLpPool: CaseGenerator = (s) =>
  s.node('GlobalLpPool', [s.real([s.int(1, 3), s.int(1, 3), ...s.shape(1, 3)])], { p: s.int(1, 3) });

/** What a max-pool without overlap took, put back. */
const maxUnpool: CaseGenerator = (s) => {
  const [c, h, w] = [s.int(1, 2), s.int(1, 3), s.int(1, 3)];
  const kernel_shape = [2, s.int(1, 2)];
  const plane = h * 2 * w * kernel_shape[1]!;
  const places = s.order(c * plane).slice(0, c * h * w);
  const indices = s.list(places, [1, c, h, w]);
  s.node('MaxUnpool', [s.real([1, c, h, w]), indices], { kernel_shape, strides: kernel_shape });
};

export const poolingCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  MaxPool: [maxPool(1, 1), maxPool(2, 1), maxPool(3, 1), maxPool(2, 2), samePool('MaxPool')],
  AveragePool: [averagePool(1), averagePool(2), averagePool(3), samePool('AveragePool')],
  GlobalAveragePool: [globalPool('GlobalAveragePool')],
  GlobalMaxPool: [globalPool('GlobalMaxPool')],
  LpPool: [lpPool],
  GlobalLpPool: [globalLpPool],
  MaxUnpool: [maxUnpool],
};

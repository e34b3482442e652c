/**
 * Convolution. Both gradients are convolutions again:
 * - input, stride 1: of dy with the kernel rotated by 180° and transposed, prepared at build time for fixed weights;
 *   with strides, and to few channels, ConvTranspose, whose definition it is;
 * - weights: see `kernelGradient`.
 */
import { attrInt } from '../../model/graph.ts';
import { asFloat32, sizeOf, type Tensor } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { padsOrCrops, type Window, windowOf } from '../window.ts';
import { crop, kernelGradient } from './kernel-gradient.ts';

function geometry(c: RuleContext): Window & { readonly group: number } {
  const w = c.shape(c.x[1]!);
  const window = windowOf(c.node, w.slice(2), c.shape(c.x[0]!).slice(2), c.shape(c.y[0]!).slice(2));
  return { ...window, group: attrInt(c.node, 'group', 1) };
}

/** [G·O, C, …k] → [G·C, O, …k] with every spatial axis reversed. */
function rotated(c: RuleContext, group: number): Term {
  const { g } = c;
  const weights = c.x[1]!;
  const shape = c.shape(weights);
  const known = c.constant(weights);
  if (known) return g.tensor(rotate(known, group));
  const [go, ci, ...kernel] = shape as [number, number, ...number[]];
  const spatial = kernel.map((_, i) => i + 2);
  const all = kernel.map(() => -1);
  const reversed = kernel.every((k) => k === 1)
    ? weights
    : g.slice(
        weights,
        all,
        all.map(() => -(2 ** 31)),
        spatial,
        all,
      );
  if (group === 1) return g.transpose(reversed, [1, 0, ...spatial]);
  const split = g.reshape(reversed, [group, go / group, ci, ...kernel]);
  const swapped = g.transpose(split, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return g.reshape(swapped, [group * ci, go / group, ...kernel]);
}

/** The same as `rotated`, on a value. */
function rotate(weights: Tensor, group: number): Tensor {
  const [go, ci, ...kernel] = weights.shape as [number, number, ...number[]];
  const o = go / group;
  const taps = kernel.reduce((a, b) => a * b, 1);
  const source = asFloat32(weights);
  const data = new Float32Array(source.length);
  for (let k = 0; k < group; k++) {
    for (let i = 0; i < o; i++) {
      for (let j = 0; j < ci; j++) {
        const from = ((k * o + i) * ci + j) * taps;
        const to = ((k * ci + j) * o + i) * taps;
        for (let t = 0; t < taps; t++) data[to + taps - 1 - t] = source[from + t]!;
      }
    }
  }
  return { dtype: 'float32', shape: [group * ci, o, ...kernel], data };
}

/**
 * Whether ConvTranspose computes the input gradient at stride 1 faster. onnxruntime's convolution is slow where few channels
 * come out, and multiplies the zeros around dy; ConvTranspose multiplies without them, but then adds up k² products for each
 * position and channel. On one thread and on two it won from about this ratio on: 13× at 8→1 5×5, 3× at 64→3 3×3 and at
 * 16→8 5×5; it lost below, by 0.6 at 64→64 3×3. (`npm run bench -- --only operators`)
 */
function transposedIsFaster(c: RuleContext, { kernel, group }: { kernel: readonly number[]; group: number }): boolean {
  const [outputs, inputs] = c.shape(c.x[1]!) as [number, number];
  const waste = sizeOf(c.shape(c.x[0]!).slice(2)) / sizeOf(c.shape(c.y[0]!).slice(2));
  return sizeOf(kernel) > 1 && (outputs / group) * waste ** 2 > 4 * inputs;
}

function inputGradient(c: RuleContext): Term {
  const { g, x, dy } = c;
  const window = geometry(c);
  const { kernel, strides, dilations, before, after, group } = window;
  const extents = c.shape(x[0]!).slice(2);
  if (strides.every((s) => s === 1) && !transposedIsFaster(c, window)) {
    const reach = kernel.map((k, i) => dilations[i]! * (k - 1));
    const lead = padsOrCrops(reach.map((r, i) => r - before[i]!));
    const tail = padsOrCrops(reach.map((r, i) => r - after[i]!));
    const cropped = crop(g, { term: dy, shape: c.shape(c.y[0]!) }, lead.crops, tail.crops);
    return g.graph.op('Conv', [cropped, rotated(c, group)], {
      kernel_shape: kernel,
      pads: [...lead.pads, ...tail.pads],
      dilations,
      group,
    });
  }
  const covered = c
    .shape(c.y[0]!)
    .slice(2)
    .map((n, i) => (n - 1) * strides[i]! + dilations[i]! * (kernel[i]! - 1) + 1);
  const rest = extents.map((n, i) => n + before[i]! + after[i]! - covered[i]!);
  // `rest` counts the positions past the last window: they have no gradient.
  return g.graph.op('ConvTranspose', [dy, x[1]!], {
    kernel_shape: kernel,
    strides,
    dilations,
    group,
    pads: [...before, ...after],
    output_padding: rest,
  });
}

export const convRules: readonly Rule[] = [
  rule('Conv', (c) => [
    () => inputGradient(c),
    () =>
      kernelGradient(
        c.g,
        { term: c.x[0]!, shape: c.shape(c.x[0]!) },
        { term: c.dy, shape: c.shape(c.y[0]!) },
        geometry(c),
      ),
    () =>
      c.g.sum(
        c.dy,
        c.shape(c.y[0]!).flatMap((_, i) => (i === 1 ? [] : [i])),
      ),
  ]),
];

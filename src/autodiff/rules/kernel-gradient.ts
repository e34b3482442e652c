/**
 * The gradient of a convolution's kernel as one convolution in which the batch plays the channels, so that a single large
 * matrix product sums over batch and positions. The input channels lie innermost along the last spatial axis, as in NHWC:
 * what is gathered for the product is then runs of kernel × channels values, up to twice as fast as with the channels on
 * a spatial axis of their own.
 */
import type { Expressions, Term } from '../expressions.ts';
import { padsOrCrops, type Window } from './geometry.ts';

/** A tensor and its static shape. */
export interface Sized {
  readonly term: Term;
  readonly shape: readonly number[];
}

/** Cuts the spatial axes of [n, channels, …] at both ends. */
export function crop(
  g: Expressions,
  { term, shape }: Sized,
  before: readonly number[],
  after: readonly number[],
): Term {
  if ([...before, ...after].every((n) => n === 0)) return term;
  const axes = before.map((_, i) => i + 2);
  return g.slice(
    term,
    before,
    axes.map((axis, i) => shape[axis]! - after[i]!),
    axes,
  );
}

/**
 * @param image [n, G·C, …]: what the window slid over
 * @param made cotangent of what it made there, [n, G·O, …]
 * @returns [G·O, C, …kernel]
 */
export function kernelGradient(
  g: Expressions,
  image: Sized,
  made: Sized,
  window: Omit<Window, 'after'> & { readonly group: number },
): Term {
  const { kernel, strides, dilations, before, group } = window;
  const [n, channels, ...extents] = image.shape as [number, number, ...number[]];
  const [, outputs, ...positions] = made.shape as [number, number, ...number[]];
  const ci = channels / group;
  const axes = extents.map((_, i) => i);
  // Zeros after the image are chosen so that the result has exactly the kernel's extents.
  const lead = padsOrCrops(before);
  const tail = padsOrCrops(
    kernel.map((k, i) => dilations[i]! * (k - 1) + strides[i]! * (positions[i]! - 1) + 1 - extents[i]! - before[i]!),
  );
  const cropped = crop(g, image, lead.crops, tail.crops);
  const kept = extents.map((e, i) => e - lead.crops[i]! - tail.crops[i]!);
  // image: [n, G·C, …, W] → [1, G·n, …, W·C];  made: [n, G·O, …] → [G·O, n, …]
  const last = axes.length - 1;
  const onLast = (values: readonly number[], factor: number) => values.map((v, i) => (i === last ? v * factor : v));
  const channelsLast = g.transpose(g.reshape(cropped, [n, group, ci, ...kept]), [1, 0, ...axes.map((a) => a + 3), 2]);
  const wide = g.reshape(channelsLast, [1, group * n, ...onLast(kept, ci)]);
  const filter = g.transpose(made.term, [1, 0, ...axes.map((a) => a + 2)]);
  const result = g.graph.op('Conv', [wide, filter], {
    kernel_shape: positions,
    pads: [...onLast(lead.pads, ci), ...onLast(tail.pads, ci)],
    strides: dilations.map((d, i) => (i === last ? 1 : d)),
    dilations: onLast(strides, ci),
    group,
  });
  // [1, G·O, …, reach·C]: along the last axis also what a dilated kernel passes over.
  const dilation = dilations[last]!;
  const reach = dilation * (kernel[last]! - 1) + 1;
  const taps = g.reshape(result, [outputs, ...kernel.slice(0, -1), reach, ci]);
  const picked = dilation === 1 ? taps : g.slice(taps, [0], [reach], [last + 1], [dilation]);
  return g.transpose(picked, [0, last + 2, ...axes.map((a) => a + 1)]);
}

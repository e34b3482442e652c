/**
 * The gradient of a convolution's kernel as one convolution of one more dimension: the batch plays the channels and the
 * input channels play an extra spatial axis, so that a single large matrix product sums over batch and positions.
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
  // image: [n, G·C, …] → [1, G·n, C, …];  made: [n, G·O, …] → [G·O, n, 1, …]
  const grouped =
    group === 1
      ? cropped
      : g.transpose(g.reshape(cropped, [n, group, ci, ...kept]), [1, 0, 2, ...axes.map((a) => a + 3)]);
  const wide = g.reshape(grouped, [1, group * n, ci, ...kept]);
  const filter = g.reshape(g.transpose(made.term, [1, 0, ...axes.map((a) => a + 2)]), [outputs, n, 1, ...positions]);
  const result = g.graph.op('Conv', [wide, filter], {
    kernel_shape: [1, ...positions],
    pads: [0, ...lead.pads, 0, ...tail.pads],
    strides: [1, ...dilations],
    dilations: [1, ...strides],
    group,
  });
  return g.reshape(result, [outputs, ci, ...kernel]);
}

/**
 * The gradient of a convolution's kernel as a convolution in which positions of the picture are the kernel, so that a matrix
 * product sums over them. What matters on onnxruntime, whose convolutions gather what they multiply:
 * - the input channels lie innermost along the last spatial axis, as in NHWC: what is gathered is then runs of
 *   kernel × channels values;
 * - each image has a product of its own, as a group of the convolution, and the products are summed afterwards: nothing of
 *   the cotangent needs to be moved, and what a product reads fits in the caches. Where an image has few positions, its
 *   product would be over before its results are written: there the batch plays the channels, and one product sums over
 *   all of it;
 * - a transposition swaps two neighbouring axes of a view with three or four: onnxruntime has a fast path for that; with five it
 *   took four times as long, longer than a sixth of the product.
 * Tried, and no faster: rows of the kernel stacked on the cotangent's side, so that a product gathers a third as much (0.7 to
 * 1.0 times as fast, 0.3 with few channels); both sides stacked and multiplied without a convolution (0.6 to 0.95); columns
 * gathered beforehand for a plain MatMul (0.4; 1.2 with one channel). The kernel's rows as channels win a quarter where one
 * channel enters and lose as much from eight on.
 * `npm run bench -- --only operators` has the figures of your machine.
 */
import { sizeOf } from '../../model/tensor.ts';
import type { Expressions, Term } from '../expressions.ts';
import { padsOrCrops, type Window } from '../window.ts';

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
 * Results of an image's product for each value that it reads. Measured with 8 to 256 channels on 4 to 32 rows: up to 3 a
 * product for each image was as fast or faster, from 4.5 on one for all of them.
 */
const mostResults = 4;

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
  const { kernel, group } = window;
  const [inputs, outputs] = [image.shape[1]! / group, made.shape[1]! / group];
  const positions = sizeOf(made.shape.slice(2));
  const read = positions * (inputs + outputs);
  const eachImage = sizeOf(kernel) * inputs * outputs <= mostResults * read;
  if (eachImage && isPointwise(image, made, window)) return pointwise(g, image, made, window);
  return convolved(g, image, made, window, eachImage ? 1 : image.shape[0]!);
}

/** Whether every output sees one position: nothing is gathered, and no zeros are added. */
function isPointwise(image: Sized, made: Sized, { kernel, strides, before }: Omit<Window, 'after'>): boolean {
  const fits = made.shape.slice(2).every((p, i) => strides[i]! * (p - 1) < image.shape[i + 2]!);
  return fits && kernel.every((k) => k === 1) && before.every((b) => b === 0);
}

/** dY·Xᵀ of each image, and their sum. */
function pointwise(
  g: Expressions,
  image: Sized,
  made: Sized,
  { kernel, strides, group }: Omit<Window, 'after'> & { readonly group: number },
): Term {
  const [n, channels] = image.shape as [number, number];
  const [, outputs, ...positions] = made.shape as [number, number, ...number[]];
  const axes = positions.map((_, i) => i + 2);
  const whole = positions.every((p, i) => p === image.shape[i + 2]);
  const ends = positions.map((p, i) => strides[i]! * (p - 1) + 1);
  const zeros = positions.map(() => 0);
  const seen = whole ? image.term : g.slice(image.term, zeros, ends, axes, strides);
  const size = sizeOf(positions);
  const x = g.reshape(seen, [n * group, channels / group, size]);
  const dy = g.reshape(made.term, [n * group, outputs / group, size]);
  const products = g.matmul(dy, g.transpose(x, [0, 2, 1]));
  const own = [outputs, channels / group, ...kernel];
  return g.sum(g.reshape(products, [n, ...own]), [0]);
}

/** @param together images that a product sums over: 1, or the batch */
function convolved(
  g: Expressions,
  image: Sized,
  made: Sized,
  { kernel, strides, dilations, before, group }: Omit<Window, 'after'> & { readonly group: number },
  together: number,
): Term {
  const [n, channels, ...extents] = image.shape as [number, number, ...number[]];
  const [, outputs, ...positions] = made.shape as [number, number, ...number[]];
  const ci = channels / group;
  const products = n / together;
  const last = extents.length - 1;
  const onLast = (values: readonly number[], factor: number) => values.map((v, i) => (i === last ? v * factor : v));
  // Zeros after the image are chosen so that the result has exactly the kernel's extents.
  const lead = padsOrCrops(before);
  const tail = padsOrCrops(
    kernel.map((k, i) => dilations[i]! * (k - 1) + strides[i]! * (positions[i]! - 1) + 1 - extents[i]! - before[i]!),
  );
  const cropped = crop(g, image, lead.crops, tail.crops);
  const kept = extents.map((e, i) => e - lead.crops[i]! - tail.crops[i]!);
  // image: [n, G·C, …, W] → [1, n·G, …, W·C];  made: [n, G·O, …] → [n·G·O, 1, …]. Together: [1, G·n, …] and [G·O, n, …].
  const swap = (term: Term, [a, b, c, d]: readonly [number, number, number, number]): Term =>
    b === 1 || c === 1 ? term : g.transpose(g.reshape(term, [a, b, c, d]), [0, 2, 1, 3]);
  const channelsLast = swapped(g, cropped, [n * group, ci, sizeOf(kept)]);
  const grouped = swap(channelsLast, [products, together, group, ci * sizeOf(kept)]);
  const filter = swap(made.term, [products, together, outputs, sizeOf(positions)]);
  const result = g.graph.op(
    'Conv',
    [
      g.reshape(grouped, [1, n * group, ...onLast(kept, ci)]),
      g.reshape(filter, [products * outputs, together, ...positions]),
    ],
    {
      kernel_shape: positions,
      pads: [...onLast(lead.pads, ci), ...onLast(tail.pads, ci)],
      strides: dilations.map((d, i) => (i === last ? 1 : d)),
      dilations: onLast(strides, ci),
      group: products * group,
    },
  );
  // [1, products·G·O, …, reach·C]: along the last axis also what a dilated kernel passes over.
  const dilation = dilations[last]!;
  const reach = dilation * (kernel[last]! - 1) + 1;
  const own = [outputs * sizeOf(kernel.slice(0, -1)), reach, ci];
  const summed = products === 1 ? result : g.sum(g.reshape(result, [products, ...own]), [0]);
  const taps = g.reshape(summed, own);
  const picked = dilation === 1 ? taps : g.slice(taps, [0], [reach], [1], [dilation]);
  const moved = swapped(g, picked, [outputs, sizeOf(kernel), ci]);
  return g.reshape(moved, [outputs, ci, ...kernel]);
}

/** [a, b, c] → [a, c, b]. */
function swapped(g: Expressions, term: Term, [a, b, c]: readonly [number, number, number]): Term {
  return b === 1 || c === 1 ? term : g.transpose(g.reshape(term, [a, b, c]), [0, 2, 1]);
}

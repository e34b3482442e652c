/**
 * Moments of activations: a shadow whose activations are distributed as those that the cloud has seen is nearer to the head
 * than one that merely pleases the tail (the idea of FORA, Xu et al. 2024, and SDAR, Zhu et al. 2023, which let a
 * discriminator judge instead).
 */

import type { Expressions, Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, float32, sizeOf, type Tensor } from '../../../model/index.ts';
import { layoutOf } from '../../../training/index.ts';
import { type ClassMeans, classMisalignment } from './class-means.ts';
import type { Elements } from './elements.ts';

/** What the cloud has seen of one tensor, without the batch. */
export interface Moments {
  /** [1, …]: of each element. */
  readonly elementMean: Tensor;
  /** Of each channel of a map, of each element of a list; with ones where the axes were, so that it broadcasts. */
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** 1 / variance, but for a channel that hardly ever changes: it must not shout down all others. */
  readonly precision: Tensor;
  /** Added to every variance. */
  readonly floor: number;
  /** Variance that the defense adds to the activation. */
  readonly noise: number;
  readonly classes?: ClassMeans | undefined;
}

interface Groups {
  /** Axes over which a channel is summed, the batch among them. */
  readonly axes: readonly number[];
  readonly channelAxis: number | undefined;
}

function groupsOf(shape: readonly number[], picture: Preprocessing): Groups {
  const layout = layoutOf(shape.slice(1), picture);
  if (layout.kind === 'flat') return { axes: [0], channelAxis: undefined };
  const channelAxis = layout.order === 'NCHW' ? 1 : shape.length - 1;
  return { axes: shape.map((_, i) => i).filter((i) => i !== channelAxis), channelAxis };
}

/** @param elements of a tensor of the cut */
export function momentsOf(elements: Elements, picture: Preprocessing, noise: number, classes?: ClassMeans): Moments {
  const shape = [1, ...elements.shape];
  const { axes, channelAxis } = groupsOf(shape, picture);
  const row = sizeOf(shape);
  const inner = channelAxis === undefined ? 1 : sizeOf(shape.slice(channelAxis + 1));
  const groups = channelAxis === undefined ? row : shape[channelAxis]!;
  const groupOf = (i: number) => (channelAxis === undefined ? i : Math.floor(i / inner) % groups);
  const members = row / groups;
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  for (const [i, m] of elements.mean.entries()) mean[groupOf(i)]! += m / members;
  // Within elements, and between them.
  for (const [i, v] of elements.variance.entries()) {
    variance[groupOf(i)]! += (v + (elements.mean[i]! - mean[groupOf(i)]!) ** 2) / members;
  }
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  const floor = (1e-3 * variance.reduce((a, b) => a + b, 0)) / groups + 1e-12;
  return {
    elementMean: float32(Float32Array.from(elements.mean), shape),
    mean: float32(Float32Array.from(mean), kept),
    variance: float32(Float32Array.from(variance), kept),
    precision: float32(
      Float32Array.from(variance, (v) => 1 / (v + floor)),
      kept,
    ),
    floor,
    noise,
    classes,
  };
}

/**
 * How far the moments of a batch are from those observed, in squared standard deviations: means of elements, of all and of
 * each class, and deviations of channels. Covariances of channels were tried, and made shadows worse.
 * @param tensor [n, …]
 * @param labels one-hot [n, classes]
 * @returns a scalar
 */
export function misalignment(
  g: Expressions,
  tensor: Term,
  seen: Moments,
  n: number,
  labels: Term,
  picture: Preprocessing,
): Term {
  const shape = [n, ...seen.elementMean.shape.slice(1)];
  const { axes } = groupsOf(shape, picture);
  const { floor } = seen;
  const precision = g.tensor(seen.precision);
  const average = (x: Term, of: readonly number[]) => g.mul(g.sum(x), 1 / sizeOf(of));
  const mean = (x: Term, over: readonly number[]) =>
    g.mul(g.sum(x, over, true), 1 / over.reduce((product, axis) => product * shape[axis]!, 1));

  const elements = g.square(g.sub(mean(tensor, [0]), g.tensor(seen.elementMean)));
  const apart = average(g.mul(elements, precision), seen.elementMean.shape);
  const centred = g.sub(tensor, mean(tensor, axes));
  const variance = g.add(mean(g.square(centred), axes), seen.noise);
  const wanted = g.tensor(
    float32(
      asFloat32(seen.variance).map((v) => Math.sqrt(v + floor)),
      seen.variance.shape,
    ),
  );
  const deviations = g.square(g.sub(g.sqrt(g.add(variance, floor)), wanted));
  const common = g.add(apart, average(g.mul(deviations, precision), seen.variance.shape));
  return seen.classes
    ? g.add(common, classMisalignment(g, tensor, shape, labels, seen.classes, seen.precision))
    : common;
}

/**
 * Moments of activations: a shadow whose activations are distributed as those that the cloud has seen is nearer to the head
 * than one that merely pleases the tail (the idea of FORA, Xu et al. 2024, and SDAR, Zhu et al. 2023, which let a
 * discriminator judge instead).
 */
import type { Expressions, Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, float32, sizeOf, type Tensor } from '../../../model/index.ts';
import { layoutOf } from '../decoder/layout.ts';

/** What was observed of one tensor, without the batch. */
export interface Moments {
  /** [1, …]: of each element over the victims. */
  readonly elementMean: Tensor;
  /** Of each channel of a map, of each element of a list; with ones where the axes were, so that it broadcasts. */
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** Variance that the defense adds to the activation. */
  readonly noise: number;
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

/** @param observed [n, …] */
export function momentsOf(observed: Tensor, picture: Preprocessing, noise: number): Moments {
  const { shape } = observed;
  const data = asFloat32(observed);
  const { axes, channelAxis } = groupsOf(shape, picture);
  const row = data.length / shape[0]!;
  const inner = channelAxis === undefined ? 1 : sizeOf(shape.slice(channelAxis + 1));
  const groups = channelAxis === undefined ? row : shape[channelAxis]!;
  const groupOf = (i: number) => (channelAxis === undefined ? i % row : Math.floor(i / inner) % groups);
  const count = data.length / groups;
  const elementMean = new Float64Array(row);
  const mean = new Float64Array(groups);
  const variance = new Float64Array(groups);
  for (const [i, v] of data.entries()) {
    elementMean[i % row]! += v / shape[0]!;
    mean[groupOf(i)]! += v / count;
  }
  for (const [i, v] of data.entries()) variance[groupOf(i)]! += (v - mean[groupOf(i)]!) ** 2 / count;
  const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return {
    elementMean: float32(Float32Array.from(elementMean), [1, ...shape.slice(1)]),
    mean: float32(Float32Array.from(mean), kept),
    variance: float32(Float32Array.from(variance), kept),
    noise,
  };
}

/**
 * How far the moments of a batch are from those observed, in squared standard deviations: means of elements, deviations of
 * channels. Covariances of channels were tried, and made shadows worse.
 * @param tensor [n, …]
 * @returns a scalar
 */
export function misalignment(g: Expressions, tensor: Term, seen: Moments, n: number, picture: Preprocessing): Term {
  const shape = [n, ...seen.elementMean.shape.slice(1)];
  const { axes } = groupsOf(shape, picture);
  const variances = asFloat32(seen.variance);
  const typical = variances.reduce((a, b) => a + b, 0) / variances.length;
  // A channel that hardly ever changes must not shout down all others.
  const floor = 1e-3 * typical + 1e-12;
  const precision = g.tensor(
    float32(
      variances.map((v) => 1 / (v + floor)),
      seen.variance.shape,
    ),
  );
  const average = (x: Term, of: readonly number[]) => g.mul(g.sum(x), 1 / sizeOf(of));
  const mean = (x: Term, over: readonly number[]) =>
    g.mul(g.sum(x, over, true), 1 / over.reduce((product, axis) => product * shape[axis]!, 1));

  const elements = g.square(g.sub(mean(tensor, [0]), g.tensor(seen.elementMean)));
  const apart = average(g.mul(elements, precision), seen.elementMean.shape);
  const centred = g.sub(tensor, mean(tensor, axes));
  const variance = g.add(mean(g.square(centred), axes), seen.noise);
  const wanted = g.tensor(
    float32(
      variances.map((v) => Math.sqrt(v + floor)),
      seen.variance.shape,
    ),
  );
  const deviations = g.square(g.sub(g.sqrt(g.add(variance, floor)), wanted));
  return g.add(apart, average(g.mul(deviations, precision), seen.variance.shape));
}

/** Mean and spread of features, so that every decoder begins with values around zero. */

import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, type Tensors } from '../../../model/index.ts';
import { layoutOf } from '../../../training/index.ts';

export interface FeatureScale {
  readonly mean: Float32Array;
  /** 1 / standard deviation; 0 for a feature that never changes. */
  readonly inverse: Float32Array;
}

export type FeatureScales = ReadonlyMap<string, FeatureScale>;

/** Of each channel of a map, and of each element of a list. */
export function featureScales(features: Tensors, picture: Preprocessing): FeatureScales {
  return new Map(
    Object.entries(features).map(([name, tensor]) => {
      const layout = layoutOf(tensor.shape.slice(1), picture);
      const size = tensor.data.length / tensor.shape[0]!;
      if (layout.kind === 'flat') return [name, statistics(asFloat32(tensor), size, (i) => i, size)];
      const { channels, height, width, order, skip } = layout;
      const area = height * width;
      const channelOf =
        order === 'NCHW'
          ? (i: number) => Math.floor(i / area)
          : (i: number) => (i < skip * channels ? -1 : i % channels);
      return [name, statistics(asFloat32(tensor), size, channelOf, channels)];
    }),
  );
}

/** @param groupOf the group of an element of a row; −1 for none */
function statistics(data: Float32Array, size: number, groupOf: (i: number) => number, groups: number): FeatureScale {
  const sum = new Float64Array(groups);
  const squares = new Float64Array(groups);
  const count = new Float64Array(groups);
  const group = Int32Array.from({ length: size }, (_, i) => groupOf(i));
  for (let at = 0; at < data.length; at += size) {
    for (let i = 0; i < size; i++) {
      const k = group[i]!;
      if (k < 0) continue;
      const v = data[at + i]!;
      sum[k]! += v;
      squares[k]! += v * v;
      count[k]! += 1;
    }
  }
  const mean = Float32Array.from(sum, (s, k) => s / count[k]!);
  const variance = Float64Array.from(squares, (s, k) => Math.max(0, s / count[k]! - mean[k]! ** 2));
  // A feature that hardly ever changes must not shout down all others when it does.
  const floor = (0.01 * variance.reduce((a, b) => a + b, 0)) / groups;
  const inverse = Float32Array.from(variance, (v) => (v > 1e-12 ? 1 / Math.sqrt(v + floor) : 0));
  return { mean, inverse };
}

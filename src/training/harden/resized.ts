/** Maps made larger and smaller, in the words of the network's own opset: they changed more than once. */
import { float32, int64 } from '../../model/index.ts';
import type { Layers } from '../layers.ts';

export const ints = (layers: Layers, dims: readonly number[]): string =>
  layers.graph.initializer(int64(dims, [dims.length]));

/** Twice the rows and columns, each as it was. */
export function doubled(layers: Layers, name: string, x: string): string {
  const b = layers.graph;
  const scales = b.constant([1, 1, 2, 2]);
  if (b.opset < 10) return layers.op(name, 'Upsample', [x, scales], { mode: 'nearest' });
  if (b.opset < 11) return layers.op(name, 'Resize', [x, scales], { mode: 'nearest' });
  // Before opset 13 it could not be left out.
  const region = b.opset < 13 ? b.initializer(float32([], [0])) : '';
  return layers.op(name, 'Resize', [x, region, scales], {
    mode: 'nearest',
    nearest_mode: 'floor',
    coordinate_transformation_mode: 'asymmetric',
  });
}

/** Rows and columns from the first on. */
export function cropped(
  layers: Layers,
  name: string,
  x: string,
  from: readonly number[],
  to: readonly number[],
): string {
  if (from.every((n, i) => n === to[i])) return x;
  if (layers.graph.opset < 10) return layers.op(name, 'Slice', [x], { starts: [0, 0], ends: to, axes: [2, 3] });
  return layers.op(name, 'Slice', [x, ints(layers, [0, 0]), ints(layers, to), ints(layers, [2, 3])]);
}

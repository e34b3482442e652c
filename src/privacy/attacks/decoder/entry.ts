/** The beginning of a decoder: a tensor of the cut, brought to its grid. */
import type { Preprocessing } from '../../../data/index.ts';
import { int64 } from '../../../model/index.ts';
import { type ActivationShape, type Layers, type Layout, layoutOf } from '../../../training/index.ts';
import { frozen } from './frozen.ts';
import { type Grid, gridFor } from './grid.ts';
import type { FeatureScales } from './scale.ts';

/** Most weights of a layer that spreads a list of numbers over the grid. */
const mostSpread = 4e6;

export interface Entry {
  /** [batch, width, grid.height, grid.width] */
  readonly x: string;
  /**
   * The features themselves, scaled: [batch, channels, grid.height, grid.width] of a map of the grid's resolution, or
   * [batch, channels] of a list.
   */
  readonly features?: { readonly kind: Layout['kind']; readonly term: string; readonly channels: number };
}

/** Appends what brings one tensor to the grid. */
export function writeEntry(
  layers: Layers,
  { name, shape }: ActivationShape,
  scales: FeatureScales,
  grid: Grid,
  width: number,
  picture: Preprocessing,
): Entry {
  layers.graph.input(name, 'float32', ['batch', ...shape]);
  const layout = layoutOf(shape, picture);
  const own = `entry:${name}`;
  if (layout.kind === 'flat') {
    const list = layers.op(`${own}.flat`, 'Reshape', [name, shapeOf(layers, [0, -1])]);
    const term = normalised(layers, own, list, scales.get(name)!, [-1]);
    const x = spread(layers, own, term, layout.size, grid, width);
    return { x, features: { kind: 'flat', term, channels: layout.size } };
  }
  const { channels } = layout;
  const placed = normalised(layers, own, toChannelsFirst(layers, own, name, layout), scales.get(name)!, [-1, 1, 1]);
  const fine = gridFor(layout, picture);
  const term = fitted(layers, `${own}.fit`, placed, layout, fine);
  const x = layers.conv(`${own}.conv`, term, { inputs: channels, outputs: width, kernel: 3, pad: 1 }, Math.sqrt(3));
  const times = fine.stride / grid.stride;
  if (times === 1) return { x, features: { kind: 'map', term, channels } };
  const scale = layers.graph.constant([1, 1, times, times]);
  const large = layers.op(`${own}.resize`, 'Resize', [x, '', scale], {
    mode: 'nearest',
    nearest_mode: 'floor',
    coordinate_transformation_mode: 'asymmetric',
  });
  const size = { height: fine.height * times, width: fine.width * times };
  return { x: fitted(layers, `${own}.grid`, large, size, grid) };
}

/** A list of numbers: every one may matter everywhere. */
function spread(layers: Layers, own: string, x: string, size: number, grid: Grid, width: number): string {
  const area = grid.height * grid.width;
  const channels = Math.max(4, Math.min(width, Math.floor(mostSpread / (size * area))));
  const cells = layers.linear(`${own}.spread`, x, size, channels * area, Math.sqrt(3));
  const map = layers.op(`${own}.map`, 'Reshape', [cells, shapeOf(layers, [0, channels, grid.height, grid.width])]);
  return layers.conv(`${own}.conv`, map, { inputs: channels, outputs: width, kernel: 3, pad: 1 }, Math.sqrt(3));
}

function toChannelsFirst(layers: Layers, own: string, x: string, layout: Extract<Layout, { kind: 'map' }>): string {
  const { order, skip, channels, height, width } = layout;
  if (order === 'NCHW') return x;
  if (order === 'NHWC') return layers.op(`${own}.nchw`, 'Transpose', [x], { perm: [0, 3, 1, 2] });
  const ints = (values: number[]) => layers.graph.constant(values, 'int64');
  const tokens =
    skip > 0 ? layers.op(`${own}.tokens`, 'Slice', [x, ints([skip]), ints([skip + height * width]), ints([1])]) : x;
  const turned = layers.op(`${own}.nct`, 'Transpose', [tokens], { perm: [0, 2, 1] });
  return layers.op(`${own}.nchw`, 'Reshape', [turned, shapeOf(layers, [0, channels, height, width])]);
}

function normalised(
  layers: Layers,
  own: string,
  x: string,
  scale: { mean: Float32Array; inverse: Float32Array },
  tail: readonly number[],
): string {
  const shape = tail.map((d) => (d < 0 ? scale.mean.length : d));
  const centred = layers.op(`${own}.centred`, 'Sub', [x, frozen(layers, `${own}.mean`, scale.mean, shape)]);
  return layers.op(`${own}.scaled`, 'Mul', [centred, frozen(layers, `${own}.inverse`, scale.inverse, shape)]);
}

/** Padded with zeros on all sides, or cropped, to the rows and columns of the grid. */
function fitted(
  layers: Layers,
  own: string,
  x: string,
  from: { height: number; width: number },
  to: { height: number; width: number },
): string {
  const [rows, columns] = [to.height - from.height, to.width - from.width];
  if (rows === 0 && columns === 0) return x;
  const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
  // Negative widths crop.
  const pads = layers.graph.constant([0, 0, top, left, 0, 0, rows - top, columns - left], 'int64');
  return layers.op(own, 'Pad', [x, pads, layers.graph.constant(0)]);
}

const shapeOf = (layers: Layers, dims: readonly number[]): string =>
  layers.graph.initializer(int64(dims, [dims.length]));

/** The end of a decoder: from a map of pixels on the grid to the network's input. */
import type { Preprocessing } from '../../../data/index.ts';
import type { Layers } from '../../../training/index.ts';
import { frozen } from './frozen.ts';
import type { Grid } from './layout.ts';

export const pictureOutput = 'picture';

/**
 * @param x [batch, channels, …] with stride × grid rows and columns; its values, 0 for mid-grey, are twice a pixel's
 */
export function writePicture(layers: Layers, x: string, grid: Grid, picture: Preprocessing): void {
  const { channels, height, width, mean, std, layout } = picture;
  const rows = grid.height * grid.stride - height;
  const columns = grid.width * grid.stride - width;
  let pixels = x;
  if (rows > 0 || columns > 0) {
    const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const ints = (values: number[]) => layers.graph.constant(values, 'int64');
    pixels = layers.op('crop', 'Slice', [x, ints([top, left]), ints([top + height, left + width]), ints([2, 3])]);
  }
  // pixel = ½ + x/2, then (pixel − mean) / std.
  const scale = std.map((s) => 0.5 / s);
  const shift = std.map((s, c) => (0.5 - mean[c]!) / s);
  const scaled = layers.op('scaled', 'Mul', [pixels, frozen(layers, 'picture.scale', scale, [channels, 1, 1])]);
  const name = layout === 'NCHW' ? pictureOutput : 'shifted';
  layers.op(name, 'Add', [scaled, frozen(layers, 'picture.shift', shift, [channels, 1, 1])]);
  if (layout === 'NHWC') layers.op(pictureOutput, 'Transpose', [name], { perm: [0, 2, 3, 1] });
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  layers.graph.output(pictureOutput, 'float32', ['batch', ...dims]);
}

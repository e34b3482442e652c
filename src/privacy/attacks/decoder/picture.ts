/** The end of a decoder: from a map of pixels on the grid to the network's input. */
import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, type Tensor } from '../../../model/index.ts';
import type { Layers } from '../../../training/index.ts';
import { frozen, meanPicture } from './frozen.ts';
import type { Grid } from './grid.ts';

export const pictureOutput = 'picture';

/**
 * @param x [batch, channels, …] with stride × grid rows and columns: half of a pixel's difference from the mean picture
 * @param more what is added, if anything: [batch, channels, height, width] of the picture, in the same units
 * @param mean network input [1, …], which the decoder answers before it has learnt anything
 */
export function writePicture(
  layers: Layers,
  x: string,
  grid: Grid,
  picture: Preprocessing,
  mean: Tensor,
  more?: string,
): void {
  const { channels, height, width, std, layout } = picture;
  const rows = grid.height * grid.stride - height;
  const columns = grid.width * grid.stride - width;
  let pixels = x;
  if (rows > 0 || columns > 0) {
    const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const ints = (values: number[]) => layers.graph.constant(values, 'int64');
    pixels = layers.op('crop', 'Slice', [x, ints([top, left]), ints([top + height, left + width]), ints([2, 3])]);
  }
  if (more) pixels = layers.op('both', 'Add', [pixels, more]);
  const scale = std.map((s) => 0.5 / s);
  const scaled = layers.op('scaled', 'Mul', [pixels, frozen(layers, 'picture.scale', scale, [channels, 1, 1])]);
  const placed = layout === 'NCHW' ? scaled : layers.op('placed', 'Transpose', [scaled], { perm: [0, 2, 3, 1] });
  layers.op(pictureOutput, 'Add', [placed, frozen(layers, meanPicture, asFloat32(mean), mean.shape)]);
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  layers.graph.output(pictureOutput, 'float32', ['batch', ...dims]);
}

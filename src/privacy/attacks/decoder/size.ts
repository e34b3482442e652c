/** How large a decoder should be: as wide as its grid allows within a budget of multiplications for a picture. */
import type { Preprocessing } from '../../../data/index.ts';
import { type ActivationShape, layoutOf } from '../../../training/index.ts';
import { gridOfAll } from './grid.ts';
import type { DecoderSize } from './residual.ts';

/**
 * Multiplications for a picture of v numbers: larger ones take more to say where things are. With 220 the decoder
 * of CIFAR10CNN at ReLU22 is 48 channels wide.
 */
const budgetMacs = (values: number): number => Math.min(220 * values ** 1.5, 400e6);
const widths = [128, 96, 64, 48, 32, 24, 16];

/** Multiplications of a decoder of that size for a picture, as far as its convolutions go. */
export function decoderMacs(tensors: readonly ActivationShape[], picture: Preprocessing): number {
  const { width, blocks } = decoderSize(tensors, picture);
  return macsOf(tensors, picture)(width, blocks);
}

function macsOf(tensors: readonly ActivationShape[], picture: Preprocessing) {
  const grid = gridOfAll(tensors, picture);
  const area = grid.height * grid.width;
  const channels = tensors.reduce((sum, { shape }) => {
    const layout = layoutOf(shape, picture);
    return sum + (layout.kind === 'map' ? layout.channels : 4);
  }, 0);
  return (width: number, blocks: number) => 9 * area * width * (channels + 2 * blocks * width);
}

export function decoderSize(tensors: readonly ActivationShape[], picture: Preprocessing): DecoderSize {
  const macs = macsOf(tensors, picture);
  const budget = budgetMacs(picture.channels * picture.height * picture.width);
  const width = widths.find((w) => macs(w, 2) <= budget);
  return width ? { width, blocks: 2 } : { width: widths.at(-1)!, blocks: 1 };
}

/** The grid on which a decoder works. */
import { type ActivationShape, layoutOf, type PictureSize } from '../../../training/index.ts';

/** The grid on which a decoder works: its cells are `stride` pixels wide and cover the picture. */
export interface Grid {
  readonly stride: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Strides are powers of two, as pooling makes them. What is missing at the edges (convolutions without padding) is filled
 * up on all sides, so that features stay where their pixels are.
 */
export function gridFor(map: { readonly height: number; readonly width: number }, picture: PictureSize): Grid {
  const scale = Math.min(picture.height / map.height, picture.width / map.width);
  const stride = 2 ** Math.max(0, Math.floor(Math.log2(scale) + 1e-9));
  return { stride, height: Math.ceil(picture.height / stride), width: Math.ceil(picture.width / stride) };
}

/** The finest grid that any tensor of the cut asks for; lists alone get one of about seven cells a side. */
export function gridOfAll(tensors: readonly ActivationShape[], picture: PictureSize): Grid {
  const grids = tensors.flatMap(({ shape }) => {
    const layout = layoutOf(shape, picture);
    return layout.kind === 'map' ? [gridFor(layout, picture)] : [];
  });
  if (grids.length > 0) return grids.reduce((a, b) => (b.stride < a.stride ? b : a));
  const cells = Math.min(picture.height, picture.width) / 7;
  return gridFor({ height: picture.height / cells, width: picture.width / cells }, picture);
}

/** How the values of an activation lie over the picture, guessed from shapes alone: a black-box attacker has nothing else. */
import type { Preprocessing } from '../data/index.ts';

/** Shape of one tensor of a cut, without the batch. */
export interface ActivationShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A map of features over the picture, or a list of numbers without place. */
export type Layout =
  | {
      readonly kind: 'map';
      /** Where channels, rows and columns stand among the axes. `tokens`: rows and columns are one axis, row by row. */
      readonly order: 'NCHW' | 'NHWC' | 'tokens';
      readonly channels: number;
      readonly height: number;
      readonly width: number;
      /** Tokens before the map begins, such as the class token of a vision transformer. */
      readonly skip: number;
    }
  | { readonly kind: 'flat'; readonly size: number };

export type PictureSize = Pick<Preprocessing, 'height' | 'width' | 'layout'>;

export function layoutOf(shape: readonly number[], picture: PictureSize): Layout {
  const size = shape.reduce((a, b) => a * b, 1);
  const flat: Layout = { kind: 'flat', size };
  const ratio = picture.height / picture.width;
  const distortion = (h: number, w: number) =>
    h > 1 && w > 1 && h <= picture.height && w <= picture.width ? Math.abs(Math.log(h / w / ratio)) : 10;
  if (shape.length === 3) {
    const [a, b, c] = shape as [number, number, number];
    const [first, last] = [distortion(b, c), distortion(a, b)];
    if (Math.min(first, last) > 0.35) return flat;
    // A tie can only be told by how the network takes its pictures.
    const channelsFirst = first < last || (first === last && picture.layout === 'NCHW');
    return channelsFirst
      ? { kind: 'map', order: 'NCHW', channels: a, height: b, width: c, skip: 0 }
      : { kind: 'map', order: 'NHWC', channels: c, height: a, width: b, skip: 0 };
  }
  if (shape.length === 2) {
    const [tokens, channels] = shape as [number, number];
    for (const skip of [0, 1, 2]) {
      const grid = gridOf(tokens - skip, ratio);
      if (grid) return { kind: 'map', order: 'tokens', channels, ...grid, skip };
    }
  }
  return flat;
}

/** Rows and columns, of the picture's proportions, that make so many tokens. */
function gridOf(tokens: number, ratio: number): { height: number; width: number } | undefined {
  const height = Math.round(Math.sqrt(tokens * ratio));
  if (height < 2 || tokens % height !== 0) return undefined;
  const width = tokens / height;
  return width > 1 && Math.abs(Math.log(height / width / ratio)) < 0.1 ? { height, width } : undefined;
}

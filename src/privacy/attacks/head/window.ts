/** The pixels that a first layer may read for each of its places, guessed from shapes: an attacker has nothing else. */

import type { Preprocessing } from '../../../data/index.ts';
import { GraphBuilder } from '../../../model/index.ts';
import { type ActivationShape, type Layout, layoutOf } from '../../../training/index.ts';
import { asRows, type EquationsSize, patchRows, thinned } from '../equations/equations.ts';
import { pictureTable } from '../pair-epochs.ts';

export type Window =
  | {
      readonly kind: 'patch';
      readonly kernel: number;
      readonly stride: number;
      /** Rows and columns of zeros before the picture. */
      readonly top: number;
      readonly left: number;
    }
  | { readonly kind: 'picture' };

export type Patch = Extract<Window, { kind: 'patch' }>;

/** Pixels more than a stride on each side: kernels of 7 and of 13 pixels where neighbours are one pixel apart. */
const margins = [3, 6];
const mostUnknowns = 1300;

/** The likeliest first. */
export function windowsFor(layout: Layout, picture: Preprocessing): Window[] {
  if (layout.kind === 'flat') return withinReach([{ kind: 'picture' }], picture);
  // Tokens without a place are no patch of anything.
  if (layout.skip > 0) return [];
  const ratio = picture.height / layout.height;
  const strides = [...new Set([Math.max(1, Math.floor(ratio + 1e-9)), Math.ceil(ratio - 1e-9)])];
  const patches = strides.flatMap((stride) => {
    const [top, left] = [
      cutAway(picture.height, layout.height, stride),
      cutAway(picture.width, layout.width, stride),
    ] as const;
    // Wide enough to begin before the picture does.
    const wide = margins.map((m) => Math.max(m, Math.max(top, left) + 1));
    return [...new Set(wide)].map((m) => ({ kernel: stride + 2 * m, stride, top: m - top, left: m - left }));
  });
  // Patches that only touch, as vision transformers cut them.
  const touching = strides.map((stride) => ({ kernel: stride, stride, top: 0, left: 0 }));
  return withinReach(
    [...patches, ...touching].map((p) => ({ kind: 'patch', ...p })),
    picture,
  );
}

/** Pixels on one side that a layer without padding has no place for. */
const cutAway = (pixels: number, places: number, stride: number): number =>
  Math.max(0, Math.floor((pixels - stride * places) / 2));

const withinReach = (windows: readonly Window[], picture: Preprocessing): Window[] =>
  windows.filter((w) => unknownsOf(w, picture) <= mostUnknowns);

/** Weights of one output, its bias among them. */
function unknownsOf(window: Window, { channels, height, width }: Preprocessing): number {
  return channels * (window.kind === 'patch' ? window.kernel ** 2 : height * width) + 1;
}

export function sizeFor(layout: Layout, window: Window, picture: Preprocessing): EquationsSize {
  return {
    unknowns: unknownsOf(window, picture),
    outputs: layout.kind === 'map' ? layout.channels : layout.size,
    places: layout.kind === 'map' ? layout.height * layout.width : 1,
  };
}

/** Zeros round the picture as a convolution's attribute: before, and as many after as the last window needs. */
export function padsOf(
  { kernel, stride, top, left }: Patch,
  layout: { readonly height: number; readonly width: number },
  picture: Preprocessing,
): [number, number, number, number] {
  const after = (pixels: number, places: number, before: number) =>
    Math.max(0, stride * (places - 1) + kernel - pixels - before);
  return [top, left, after(picture.height, layout.height, top), after(picture.width, layout.width, left)];
}

/**
 * The beginning of equations: pictures and answers as inputs, batch symbolic.
 * @param every one row in so many is taken
 * @returns x [rows, unknowns − 1], y [rows, outputs]
 */
export function rowsFor(
  { name, shape }: ActivationShape,
  window: Window,
  every: number,
  picture: Preprocessing,
): { readonly b: GraphBuilder; readonly x: string; readonly y: string } {
  const b = new GraphBuilder(17);
  const planes = planesOf(b, pictureTable, picture);
  b.input(name, 'float32', ['batch', ...shape]);
  const reshape = (x: string, dims: readonly number[]) => b.op('Reshape', [x, b.constant(dims, 'int64')]);
  const layout = layoutOf(shape, picture);
  if (window.kind === 'picture' || layout.kind === 'flat') {
    return { b, x: reshape(planes, [0, -1]), y: reshape(name, [0, -1]) };
  }
  const { channels, height, width, order } = layout;
  const [top, left, bottom, right] = padsOf(window, layout, picture);
  const pads = b.constant([0, 0, top, left, 0, 0, bottom, right], 'int64');
  const padded = b.op('Pad', [planes, pads, b.constant(0)]);
  const x = patchRows(b, padded, { ...window, channels: picture.channels, height, width });
  const y = order === 'NCHW' ? asRows(b, channels, name) : reshape(name, [-1, channels]);
  return { b, x: thinned(b, x, every), y: thinned(b, y, every) };
}

/** The picture as an input, and its planes [n, channels, height, width]. */
export function planesOf(b: GraphBuilder, name: string, { layout, channels, height, width }: Preprocessing): string {
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  b.input(name, 'float32', ['batch', ...dims]);
  return layout === 'NCHW' ? name : b.op('Transpose', [name], { perm: [0, 3, 1, 2] });
}

/**
 * A first layer is linear, and nobody need train it: least squares give the whole of it from a few hundred queries, but for
 * what the equations round.
 */
import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { bindBatch, float32, type Graph, GraphBuilder, inferShapes, int64 } from '../../../model/index.ts';
import { type ActivationShape, type Layout, layoutOf } from '../decoder/layout.ts';
import { type Pairs, pictureTable } from '../decoder/pairs.ts';
import {
  asRows,
  type EquationsPlan,
  layerOf,
  patchRows,
  planOf,
  solveOver,
  thinned,
  writeEquations,
} from '../equations/equations.ts';
import type { HeadOf } from './fresh.ts';

/** What a linear head would read for each of its places. */
type Window =
  | {
      readonly kind: 'patch';
      readonly kernel: number;
      readonly stride: number;
      readonly top: number;
      readonly left: number;
    }
  | { readonly kind: 'picture' };

const mostUnknowns = 1300;
/** Pixels more than a stride on each side: kernels of 7 and of 13 pixels where neighbours are one pixel apart. */
const margins = [3, 6];
/** Noise of answers is told by larger ridges; without any, the least one gives the layer to five digits. */
const ridges = [1e-13, 1e-11, 1e-9, 1e-7, 1e-4, 1e-2];
/** Of the answers' squares: what is left is rounding. */
const rounding = 1e-7;
/** Less than this share of the noise is no sign of anything but noise. */
const withinNoise = 0.05;

export interface LinearHead {
  readonly head: HeadOf;
  /** Nothing is left unexplained but rounding and the defense's noise. */
  readonly exact: boolean;
}

/**
 * The best linear head in a window of pixels, for a cut of one tensor.
 * @param pairs that may be learnt from
 * @param noise of the defense, as a share of the answers' mean square
 * @returns undefined where there are too many unknowns
 */
export async function linearHead(
  engine: Engine,
  [tensor, ...others]: readonly ActivationShape[],
  pairs: Pairs,
  picture: Preprocessing,
  noise: number,
  signal?: AbortSignal,
): Promise<LinearHead | undefined> {
  if (!tensor || others.length > 0) return undefined;
  let best: (LinearHead & { readonly unexplained: number }) | undefined;
  const layout = layoutOf(tensor.shape, picture);
  for (const window of windowsFor(layout, picture)) {
    const patch = window.kind === 'patch' ? window.kernel ** 2 : picture.height * picture.width;
    const unknowns = picture.channels * patch + 1;
    if (unknowns > mostUnknowns) continue;
    const outputs = layout.kind === 'map' ? layout.channels : layout.size;
    const plan = planOf({ unknowns, outputs, places: placesOf(layout) }, pairs);
    const graph = equationsFor(tensor, layout, window, plan, picture, engine.hasFloat64);
    const solution = await solveOver(engine, { graph, plan, pairs, ridges, signal });
    const { unexplained } = solution;
    if (best && best.unexplained <= unexplained) continue;
    const solved = written(tensor, layout, window, layerOf(solution, plan), picture);
    const exact = unexplained <= rounding + (1 + withinNoise) * noise;
    best = { head: (n) => inferShapes(bindBatch(solved, n), engine), exact, unexplained };
    if (exact) break;
  }
  return best;
}

/** The likeliest first. */
function windowsFor(layout: Layout, picture: Preprocessing): Window[] {
  if (layout.kind === 'flat') return [{ kind: 'picture' }];
  if (layout.skip > 0) return [];
  const ratio = picture.height / layout.height;
  const strides = [...new Set([Math.max(1, Math.floor(ratio + 1e-9)), Math.ceil(ratio - 1e-9)])];
  const offset = (pixels: number, places: number, stride: number) =>
    Math.max(0, Math.floor((pixels - stride * places) / 2));
  const patches = strides.flatMap((stride) => {
    const top = offset(picture.height, layout.height, stride);
    const left = offset(picture.width, layout.width, stride);
    // A window that ended inside the picture would have to be cropped instead of padded.
    const least = Math.max(top, left) + 1;
    const wide = margins.map((m) => Math.max(m, least));
    return [...new Set(wide)].map((m) => ({ kernel: stride + 2 * m, stride, top: m - top, left: m - left }));
  });
  // Patches that only touch, as vision transformers cut them.
  const touching = strides.map((stride) => ({ kernel: stride, stride, top: 0, left: 0 }));
  return [...patches, ...touching].map((p) => ({ kind: 'patch' as const, ...p }));
}

const placesOf = (layout: Layout): number => (layout.kind === 'map' ? layout.height * layout.width : 1);

/** Rows and columns of zeros round the picture: before, and as many after as the last window needs. */
function padsOf(
  { kernel, stride, top, left }: Extract<Window, { kind: 'patch' }>,
  layout: { readonly height: number; readonly width: number },
  picture: Preprocessing,
) {
  const after = (pixels: number, places: number, before: number) =>
    Math.max(0, stride * (places - 1) + kernel - pixels - before);
  return [top, left, after(picture.height, layout.height, top), after(picture.width, layout.width, left)] as const;
}

/** From pictures and answers to the sums of products. */
function equationsFor(
  { name, shape }: ActivationShape,
  layout: Layout,
  window: Window,
  { every }: EquationsPlan,
  picture: Preprocessing,
  float64: boolean,
): Graph {
  const b = new GraphBuilder(17);
  const planes = planesOf(b, pictureTable, picture);
  b.input(name, 'float32', ['batch', ...shape]);
  const rows = (values: readonly number[], x: string) => b.op('Reshape', [x, b.constant(values, 'int64')]);
  if (window.kind === 'picture' || layout.kind === 'flat') {
    writeEquations(b, rows([0, -1], planes), rows([0, -1], name), float64);
    return b.build('equations');
  }
  const { channels, height, width, order } = layout;
  const [top, left, bottom, right] = padsOf(window, layout, picture);
  const pads = b.constant([0, 0, top, left, 0, 0, bottom, right], 'int64');
  const padded = b.op('Pad', [planes, pads, b.constant(0)]);
  const x = patchRows(b, padded, { ...window, channels: picture.channels, height, width });
  const y = order === 'NCHW' ? asRows(b, channels, name) : rows([-1, channels], name);
  writeEquations(b, thinned(b, x, every), thinned(b, y, every), float64);
  return b.build('equations');
}

/** The head that has been solved for; batch symbolic. */
function written(
  { name, shape }: ActivationShape,
  layout: Layout,
  window: Window,
  { weight, bias }: ReturnType<typeof layerOf>,
  picture: Preprocessing,
): Graph {
  const b = new GraphBuilder(17);
  const planes = planesOf(b, 'own:picture', picture);
  const reshape = (x: string, dims: readonly number[], output?: string) =>
    b.op('Reshape', [x, b.initializer(int64(dims, [dims.length]))], {}, output);
  const biases = b.initializer(float32(bias, [bias.length]), 'own.bias');
  if (window.kind === 'picture' || layout.kind === 'flat') {
    const weights = b.initializer(float32(weight, [bias.length, weight.length / bias.length]), 'own.weight');
    const list = b.op('Gemm', [reshape(planes, [0, -1]), weights, biases], { transB: 1 });
    reshape(list, [0, ...shape], name);
  } else {
    const { kernel, stride } = window;
    const weights = float32(weight, [bias.length, picture.channels, kernel, kernel]);
    const strides = [stride, stride];
    const attributes = { kernel_shape: [kernel, kernel], strides, pads: [...padsOf(window, layout, picture)] };
    const wide = b.op('Conv', [planes, b.initializer(weights, 'own.weight'), biases], attributes);
    const { channels, height, width, order } = layout;
    // What is left over at the end, where windows would fit that the map does not have.
    const map = b.op('Slice', [
      wide,
      ...[
        [0, 0],
        [height, width],
        [2, 3],
      ].map((v) => b.constant(v, 'int64')),
    ]);
    if (order === 'NCHW') b.op('Identity', [map], {}, name);
    else {
      const last = b.op('Transpose', [map], { perm: [0, 2, 3, 1] });
      reshape(last, order === 'NHWC' ? [0, height, width, channels] : [0, height * width, channels], name);
    }
  }
  b.output(name, 'float32', ['batch', ...shape]);
  return b.build('own head');
}

/** The picture as an input, and its planes [n, channels, height, width]. */
function planesOf(b: GraphBuilder, name: string, { layout, channels, height, width }: Preprocessing): string {
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  b.input(name, 'float32', ['batch', ...dims]);
  return layout === 'NCHW' ? name : b.op('Transpose', [name], { perm: [0, 3, 1, 2] });
}

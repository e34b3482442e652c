/**
 * Early layers are nearly linear, and so is what undoes them: one linear map from the features to the pixels beside the
 * residual path. It is solved for, not trained.
 */
import type { Preprocessing } from '../../../data/index.ts';
import { int64 } from '../../../model/index.ts';
import type { Layers } from '../../../training/index.ts';
import type { Entry } from './entry.ts';
import type { Grid } from './grid.ts';

export interface StraightPath {
  /** Of its weight and bias: `<name>.weight`, `<name>.bias`. */
  readonly name: string;
  /** `grid`: pixels of the grid, before what hangs over is cut off. `picture`: of the picture. */
  readonly place: 'grid' | 'picture';
  readonly term: string;
  /** The features it reads: [batch, inputs, grid.height, grid.width], or [batch, inputs]. */
  readonly features: string;
  readonly inputs: number;
  /** Rows and columns of features for a pixel; 0 for a list. */
  readonly kernel: number;
  readonly grid: Grid;
}

/** Largest number of unknowns for a pixel: equations of this size are solved in a second. */
const mostUnknowns = 1300;
const mostWeights = 4e6;

/** Undefined where there are too many features. */
export function straightPath(
  layers: Layers,
  entries: readonly Entry[],
  grid: Grid,
  picture: Preprocessing,
): StraightPath | undefined {
  const features = entries.flatMap((e) => e.features ?? [])[0];
  if (!features) return undefined;
  const { kind, term: x, channels: inputs } = features;
  const { channels, height, width } = picture;
  const name = 'straight';
  if (kind === 'flat') {
    const outputs = channels * height * width;
    if (inputs >= mostUnknowns || inputs * outputs > mostWeights) return undefined;
    const list = layers.linear(name, x, inputs, outputs, 0);
    const shape = layers.graph.initializer(int64([0, channels, height, width], [4]));
    const term = layers.op(`${name}.picture`, 'Reshape', [list, shape]);
    return { name, place: 'picture', term, features: x, inputs, kernel: 0, grid };
  }
  const kernel = [5, 3, 1].find((k) => inputs * k * k < (k === 5 ? mostUnknowns / 2 : mostUnknowns));
  if (kernel === undefined) return undefined;
  const { stride } = grid;
  const shape = { inputs, outputs: channels * stride ** 2, kernel, pad: (kernel - 1) / 2 };
  const wide = layers.conv(name, x, shape, 0);
  const term =
    stride === 1 ? wide : layers.op(`${name}.shuffle`, 'DepthToSpace', [wide], { blocksize: stride, mode: 'CRD' });
  return { name, place: 'grid', term, features: x, inputs, kernel, grid };
}

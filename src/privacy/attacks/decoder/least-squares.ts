/** Solves for the straight path of a decoder: ridge regression from patches of features to the pixels in their middle. */
import { prune } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { float32, type Graph, GraphBuilder } from '../../../model/index.ts';
import { asRows, layerOf, patchRows, planOf, solveOver, thinned, writeEquations } from '../equations/equations.ts';
import { pictureTable } from '../pair-epochs.ts';
import type { Pairs } from '../pairs.ts';
import { frozenName, meanPicture } from './frozen.ts';
import type { StraightPath } from './straight.ts';

/**
 * Of the variance of pixels. Where a linear map leaves more, a decoder does better without: what the map gets wrong is noise
 * that the rest of it would first have to take away again (3000 queries, SSIM with, trained a quarter longer, and without. LeNet: conv1 leaves 0.02, .995
 * and .982; ReLU1 0.04, .966 and .967; pool1 0.08, .918 and .944; conv2 0.23, .805 and .902).
 */
const mostUnexplained = 0.06;

/** @returns undefined where a linear map explains too little */
export async function withLeastSquares(
  engine: Engine,
  decoder: Graph,
  path: StraightPath,
  pairs: Pairs,
  picture: Preprocessing,
  signal?: AbortSignal,
): Promise<Graph | undefined> {
  const { channels, height, width } = picture;
  const { grid, kernel, inputs } = path;
  const unknowns = inputs * Math.max(1, kernel ** 2) + 1;
  const [places, outputs] =
    kernel > 0 ? [grid.height * grid.width, channels * grid.stride ** 2] : [1, channels * height * width];
  const plan = planOf({ unknowns, outputs, places }, pairs);
  const equations = equationsGraph(decoder, path, plan.every, picture, engine.hasFloat64);
  const solution = await solveOver(engine, { graph: equations, plan, pairs, signal });
  if (solution.unexplained > mostUnexplained) return undefined;
  const { weight, bias } = layerOf(solution, plan);
  const shape = kernel > 0 ? [outputs, inputs, kernel, kernel] : [outputs, inputs];
  return {
    ...decoder,
    initializers: new Map([
      ...decoder.initializers,
      [`${path.name}.weight`, float32(weight, shape)],
      [`${path.name}.bias`, float32(bias, [outputs])],
    ]),
  };
}

/** From features and pictures to XᵀX [u, u], XᵀY [u, o] and the sum of Y², with patches as rows of X. */
function equationsGraph(
  decoder: Graph,
  { features, inputs, kernel, grid }: StraightPath,
  every: number,
  picture: Preprocessing,
  float64: boolean,
): Graph {
  const b = GraphBuilder.from(decoder);
  const { channels, height, width, layout, std } = picture;
  const ints = (values: readonly number[]) => b.constant(values, 'int64');
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  b.input(pictureTable, 'float32', ['batch', ...dims]);
  // The path's units: twice a pixel's difference from the mean picture.
  const centred = b.op('Sub', [pictureTable, frozenName(meanPicture)]);
  const first = layout === 'NCHW' ? centred : b.op('Transpose', [centred], { perm: [0, 3, 1, 2] });
  const scaled = b.op('Mul', [
    first,
    b.initializer(
      float32(
        std.map((s) => 2 * s),
        [channels, 1, 1],
      ),
    ),
  ]);
  let x = features;
  let y = b.op('Reshape', [scaled, ints([0, channels * height * width])]);
  if (kernel > 0) {
    const [rows, columns] = [grid.height * grid.stride - height, grid.width * grid.stride - width];
    const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const whole = b.op('Pad', [scaled, ints([0, 0, top, left, 0, 0, rows - top, columns - left]), b.constant(0)]);
    y = thinned(b, asRows(b, channels * grid.stride ** 2, depth(whole)), every);
    const edge = (kernel - 1) / 2;
    const padded = b.op('Pad', [features, ints([0, 0, edge, edge, 0, 0, edge, edge]), b.constant(0)]);
    const patches = { channels: inputs, kernel, stride: 1, height: grid.height, width: grid.width };
    x = thinned(b, patchRows(b, padded, patches), every);
  }
  writeEquations(b, x, y, float64);
  return prune(b.build('equations'));

  function depth(whole: string): string {
    const { stride } = grid;
    if (stride === 1) return whole;
    const apart = b.op('Reshape', [whole, ints([0, channels, grid.height, stride, grid.width, stride])]);
    const turned = b.op('Transpose', [apart], { perm: [0, 1, 3, 5, 2, 4] });
    return b.op('Reshape', [turned, ints([0, channels * stride ** 2, grid.height, grid.width])]);
  }
}

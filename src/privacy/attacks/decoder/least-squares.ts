/** Solves for the straight path of a decoder: ridge regression from patches of features to the pixels in their middle. */
import { prune } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { bindBatch, float32, type Graph, GraphBuilder, inferShapes, type Tensors } from '../../../model/index.ts';
import { frozenName, meanPicture } from './frozen.ts';
import { type Pairs, pictureTable } from './pairs.ts';
import { type Equations, solveRidge } from './ridge.ts';
import type { StraightPath } from './straight.ts';

/** Multiplications that the equations may cost to set up. */
const budgetMacs = 60e9;
/** What happens in one picture only must not pass for a law: places are left out rather than pictures. */
const [fewestPictures, mostPictures] = [2000, 10_000];
const chunk = 16;

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
  const affordable = budgetMacs / (unknowns * (unknowns + outputs));
  const count = Math.min(
    pairs.count,
    Math.max(fewestPictures, Math.min(mostPictures, Math.floor(affordable / places))),
  );
  const every = oddAbove((count * places) / affordable);
  const n = Math.min(chunk, count);
  const graph = await inferShapes(
    bindBatch(equationsGraph(decoder, path, every, picture, engine.hasFloat64), n),
    engine,
  );
  const session = await engine.load(graph, signal && { signal });
  // One chunk in five judges how much to trust the others.
  const [solve, judge] = [empty(unknowns, outputs), empty(unknowns, outputs)];
  try {
    for (let first = 0, k = 0; first + n <= count; first += n, k++) {
      const rows = await pairs.rows(Int32Array.from({ length: n }, (_, i) => first + i));
      const sums = await session.run({ ...rows.features, [pictureTable]: rows.inputs }, signal && { signal });
      accumulate(k % 5 === 4 ? judge : solve, sums);
    }
  } finally {
    await session.close();
  }
  // unknowns × outputs; the last unknown is the bias.
  const { weights: solution, unexplained } = solveRidge(solve, judge);
  if (unexplained > mostUnexplained) return undefined;
  const weight = new Float32Array((unknowns - 1) * outputs);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < unknowns - 1; i++) weight[o * (unknowns - 1) + i] = solution[i * outputs + o]!;
    bias[o] = solution[(unknowns - 1) * outputs + o]!;
  }
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
    y = thinned(asRows(channels * grid.stride ** 2, depth(whole)));
    const edge = (kernel - 1) / 2;
    const padded = b.op('Pad', [features, ints([0, 0, edge, edge, 0, 0, edge, edge]), b.constant(0)]);
    const shifted: string[] = [];
    for (let i = 0; i < kernel; i++) {
      for (let j = 0; j < kernel; j++) {
        shifted.push(b.op('Slice', [padded, ints([i, j]), ints([i + grid.height, j + grid.width]), ints([2, 3])]));
      }
    }
    // [n, k², c, …] to [n, c, k², …]: the order of a convolution's weights.
    const stacked = shifted.length === 1 ? shifted[0]! : b.op('Concat', shifted, { axis: 1 });
    const apart = b.op('Reshape', [stacked, ints([0, kernel ** 2, inputs, grid.height * grid.width])]);
    const turned = b.op('Transpose', [apart], { perm: [0, 3, 2, 1] });
    x = thinned(b.op('Reshape', [turned, ints([-1, inputs * kernel ** 2])]));
  }
  const one = b.op('ReduceMean', [b.op('Mul', [x, b.constant(0)])], { axes: [1], keepdims: 1 });
  const ones = b.op('Add', [one, b.constant(1)]);
  const withOne = b.op('Concat', [x, ones], { axis: 1 });
  // Neighbouring features say nearly the same: what they differ in is below the rounding of float32. Where there is nothing
  // finer, the larger ridges win.
  const widened = (term: string) => (float64 ? b.op('Cast', [term], { to: 11 }) : term);
  const [fine, aim] = [widened(withOne), widened(y)];
  const transposed = b.op('Transpose', [fine], { perm: [1, 0] });
  b.op('MatMul', [transposed, fine], {}, 'equations:xx');
  b.op('MatMul', [transposed, aim], {}, 'equations:xy');
  b.op('ReduceSum', [b.op('Mul', [aim, aim])], { keepdims: 0 }, 'equations:yy');
  for (const name of ['equations:xx', 'equations:xy', 'equations:yy']) b.output(name);
  return prune(b.build('equations'));

  function depth(whole: string): string {
    const { stride } = grid;
    if (stride === 1) return whole;
    const apart = b.op('Reshape', [whole, ints([0, channels, grid.height, stride, grid.width, stride])]);
    const turned = b.op('Transpose', [apart], { perm: [0, 1, 3, 5, 2, 4] });
    return b.op('Reshape', [turned, ints([0, channels * stride ** 2, grid.height, grid.width])]);
  }
  function thinned(rows: string): string {
    const end = Number.MAX_SAFE_INTEGER;
    return every === 1 ? rows : b.op('Slice', [rows, ints([0]), ints([end]), ints([0]), ints([every])]);
  }
  function asRows(columns: number, map: string): string {
    return b.op('Reshape', [b.op('Transpose', [map], { perm: [0, 2, 3, 1] }), ints([-1, columns])]);
  }
}

/** Places taken at an odd distance are others from row to row. */
function oddAbove(x: number): number {
  const n = Math.max(1, Math.ceil(x));
  return n % 2 === 1 ? n : n + 1;
}

function empty(unknowns: number, outputs: number): Equations {
  return { unknowns, outputs, xx: new Float64Array(unknowns ** 2), xy: new Float64Array(unknowns * outputs), yy: 0 };
}

function accumulate(to: Equations, sums: Tensors): void {
  const values = (name: string) => sums[`equations:${name}`]!.data as Float32Array | Float64Array;
  const [xx, xy] = [values('xx'), values('xy')];
  for (let i = 0; i < xx.length; i++) to.xx[i]! += xx[i]!;
  for (let i = 0; i < xy.length; i++) to.xy[i]! += xy[i]!;
  to.yy += values('yy')[0]!;
}

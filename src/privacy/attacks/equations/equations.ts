/** Linear equations from many rows: sums of products, made by the engine a few pictures at a time. */
import type { Engine } from '../../../engine/index.ts';
import type { Graph, GraphBuilder, Tensors } from '../../../model/index.ts';
import { bindBatch, inferShapes } from '../../../model/index.ts';
import { pictureTable } from '../pair-epochs.ts';
import type { Pairs } from '../pairs.ts';
import { type Equations, type RidgeSolution, solveRidge } from './ridge.ts';

/** Multiplications that the equations may cost to set up. */
const budgetMacs = 60e9;
/** What happens in one picture only must not pass for a law: places are left out rather than pictures. */
const [fewestPictures, mostPictures] = [2000, 10_000];
const chunk = 16;

export interface EquationsSize {
  /** The last one is the bias. */
  readonly unknowns: number;
  readonly outputs: number;
  /** Rows a picture gives. */
  readonly places: number;
}

export interface EquationsPlan extends EquationsSize {
  /** Pictures to take, from the first on. */
  readonly count: number;
  /** One row in so many is taken; odd, so that places differ from row to row. */
  readonly every: number;
}

/** @param rowMacs multiplications that a row costs */
export function planOf(
  size: EquationsSize,
  pairs: Pairs,
  rowMacs = size.unknowns * (size.unknowns + size.outputs),
): EquationsPlan {
  const { places } = size;
  const affordable = budgetMacs / rowMacs;
  const most = Math.max(fewestPictures, Math.min(mostPictures, Math.floor(affordable / places)));
  const count = Math.min(pairs.count, most);
  return { ...size, count, every: oddAbove((count * places) / affordable) };
}

/** Every so manieth row of a matrix. */
export function thinned(b: GraphBuilder, rows: string, every: number): string {
  const ints = (values: readonly number[]) => b.constant(values, 'int64');
  const end = Number.MAX_SAFE_INTEGER;
  return every === 1 ? rows : b.op('Slice', [rows, ints([0]), ints([end]), ints([0]), ints([every])]);
}

/** [n, c, …] as rows of c. */
export function asRows(b: GraphBuilder, columns: number, map: string): string {
  const flat = b.op('Transpose', [map], { perm: [0, 2, 3, 1] });
  return b.op('Reshape', [flat, b.constant([-1, columns], 'int64')]);
}

export interface Patches {
  readonly channels: number;
  readonly kernel: number;
  readonly stride: number;
  /** Of the map of patches. */
  readonly height: number;
  readonly width: number;
}

/** Of a padded map [n, channels, …] all patches as rows, in the order of a convolution's weights. */
export function patchRows(
  b: GraphBuilder,
  padded: string,
  { channels, kernel, stride, height, width }: Patches,
): string {
  const ints = (values: readonly number[]) => b.constant(values, 'int64');
  const shifted: string[] = [];
  for (let i = 0; i < kernel; i++) {
    for (let j = 0; j < kernel; j++) {
      const ends = [i + stride * (height - 1) + 1, j + stride * (width - 1) + 1];
      shifted.push(b.op('Slice', [padded, ints([i, j]), ints(ends), ints([2, 3]), ints([stride, stride])]));
    }
  }
  // [n, k², c, …] to [n, c, k², …]
  const stacked = shifted.length === 1 ? shifted[0]! : b.op('Concat', shifted, { axis: 1 });
  const apart = b.op('Reshape', [stacked, ints([0, kernel ** 2, channels, height * width])]);
  const turned = b.op('Transpose', [apart], { perm: [0, 3, 2, 1] });
  return b.op('Reshape', [turned, ints([-1, channels * kernel ** 2])]);
}

/**
 * Appends XᵀX [u, u], XᵀY [u, o] and the sum of Y² as outputs, where X is given a column of ones.
 * @param x [rows, u − 1]
 * @param y [rows, o]
 */
export function writeEquations(b: GraphBuilder, x: string, y: string, float64: boolean): void {
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
}

export interface SolveOver {
  /** Of pictures and answers, as `writeEquations` ended it; batch symbolic. */
  readonly graph: Graph;
  readonly plan: EquationsPlan;
  readonly pairs: Pairs;
  readonly ridges?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One chunk in five judges how much to trust the others. */
export async function solveOver(engine: Engine, over: SolveOver): Promise<RidgeSolution> {
  const { unknowns, outputs } = over.plan;
  const [solve, judge] = [empty(unknowns, outputs), empty(unknowns, outputs)];
  await sumsOver(engine, over, (sums, isJudge) => accumulate(isJudge ? judge : solve, sums));
  return solveRidge(solve, judge, over.ridges);
}

/**
 * Runs the graph over pairs, a chunk at a time.
 * @param add told the graph's outputs, and whether they are to judge what the others say
 */
export async function sumsOver(
  engine: Engine,
  { graph, plan, pairs, signal }: Omit<SolveOver, 'ridges'>,
  add: (sums: Tensors, isJudge: boolean) => void,
): Promise<void> {
  const n = Math.min(chunk, plan.count);
  const session = await engine.load(await inferShapes(bindBatch(graph, n), engine), signal && { signal });
  try {
    for (let first = 0, k = 0; first + n <= plan.count; first += n, k++) {
      const { inputs, features } = await pairs.rows(Int32Array.from({ length: n }, (_, i) => first + i));
      add(await session.run({ ...features, [pictureTable]: inputs }, signal && { signal }), k % 5 === 4);
    }
  } finally {
    await session.close();
  }
}

/** Weights [o, u − 1] and bias [o] of a layer. */
export function layerOf({ weights }: RidgeSolution, { unknowns, outputs }: EquationsSize) {
  const weight = new Float32Array((unknowns - 1) * outputs);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < unknowns - 1; i++) weight[o * (unknowns - 1) + i] = weights[i * outputs + o]!;
    bias[o] = weights[(unknowns - 1) * outputs + o]!;
  }
  return { weight, bias };
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

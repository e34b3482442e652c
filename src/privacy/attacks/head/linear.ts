/**
 * A first layer is linear, and nobody need train it: least squares give the whole of it from a few hundred queries, but for
 * what the equations round. Behind a ReLU they still do, from the answers that it has passed on.
 */

import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { bindBatch, type Graph, inferShapes, type Tensors } from '../../../model/index.ts';
import { type ActivationShape, layoutOf } from '../../../training/index.ts';
import { type EquationsPlan, layerOf, planOf, solveOver, sumsOver, writeEquations } from '../equations/equations.ts';
import { type Equations, solveRidge } from '../equations/ridge.ts';
import type { Pairs } from '../pairs.ts';
import { firstLayer, type LayerWeights, type Range } from './first-layer.ts';
import type { HeadOf } from './fresh.ts';
import { rowsFor, sizeFor, type Window, windowsFor } from './window.ts';

export interface SolveHead {
  readonly engine: Engine;
  readonly tensor: ActivationShape;
  /** That may be learnt from. */
  readonly pairs: Pairs;
  readonly picture: Preprocessing;
  /** Of the defense, as a share of the answers' mean square. */
  readonly noise: number;
  /** Values that a ReLU has cut off are no equations. */
  readonly range?: Range | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Noise of answers is told by larger ridges; without any, the least one gives the layer to five digits. */
const ridges = [1e-13, 1e-11, 1e-9, 1e-7, 1e-4, 1e-2];
/** Of an output that was passed on too seldom to be judged. */
const unjudged = 1e-9;
/** Pictures after which it is told whether a window explains anything; whole pictures need as many as there are. */
const tried = 160;
/** Of the answers' squares, noise apart: what a window leaves that is worth all equations. */
const promising = 0.02;
/** Equations of each output on its own: most numbers in all. */
const mostCoefficients = 8e6;

/** @returns the best head of one layer; undefined where no window explains the answers */
export async function linearHead(solve: SolveHead): Promise<HeadOf | undefined> {
  const { engine, tensor, pairs, picture, noise, range } = solve;
  let best: { readonly graph: Graph; readonly unexplained: number } | undefined;
  const solver = range ? rectified : plain;
  for (const window of windowsFor(layoutOf(tensor.shape, picture), picture)) {
    if (window.kind === 'patch') {
      const some = { count: Math.min(tried, pairs.count), rows: pairs.rows };
      const trial = await solver({ ...solve, pairs: some }, window);
      if (!trial || trial.unexplained > promising + 2 * noise) continue;
    }
    const solution = await solver(solve, window);
    if (!solution || (best && best.unexplained <= solution.unexplained)) continue;
    const { unexplained } = solution;
    best = { graph: firstLayer(tensor, window, solution, picture, range), unexplained };
    if (unexplained < 1e-9) break;
  }
  const found = best?.graph;
  return found && ((n) => inferShapes(bindBatch(found, n), engine));
}

type Solved = LayerWeights & { readonly unexplained: number };

async function plain(
  { engine, tensor, pairs, picture, signal }: SolveHead,
  window: Window,
): Promise<Solved | undefined> {
  const plan = planOf(sizeFor(layoutOf(tensor.shape, picture), window, picture), pairs);
  const { b, x, y } = rowsFor(tensor, window, plan.every, picture);
  writeEquations(b, x, y, engine.hasFloat64);
  const solution = await solveOver(engine, { graph: b.build('equations'), plan, pairs, ridges, signal });
  return { ...layerOf(solution, plan), unexplained: solution.unexplained };
}

/** Each output by equations of its own: those of the rows where it was passed on. */
async function rectified(
  { engine, tensor, pairs, picture, range, signal }: SolveHead,
  window: Window,
): Promise<Solved | undefined> {
  const size = sizeFor(layoutOf(tensor.shape, picture), window, picture);
  const { unknowns, outputs } = size;
  if (outputs * unknowns ** 2 > mostCoefficients) return undefined;
  // A column of answers costs what all of them cost together above.
  const plan = planOf(size, pairs, unknowns ** 2 * outputs);
  const graph = maskedEquations(tensor, window, plan, picture, range!, engine.hasFloat64);
  const fresh = () => Array.from({ length: outputs }, () => equationsOfOne(unknowns));
  const [solve, judge] = [fresh(), fresh()];
  await sumsOver(engine, { graph, plan, pairs, signal }, (sums, isJudge) => addEach(isJudge ? judge : solve, sums));
  const weight = new Float32Array(outputs * (unknowns - 1));
  const bias = new Float32Array(outputs);
  let left = 0;
  let all = 0;
  for (let o = 0; o < outputs; o++) {
    const { weights, unexplained } = solveRidge(solve[o]!, judge[o]!, ridges, unjudged);
    weight.set(weights.subarray(0, unknowns - 1), o * (unknowns - 1));
    bias[o] = weights[unknowns - 1]!;
    left += unexplained * judge[o]!.yy;
    all += judge[o]!.yy;
  }
  return { weight, bias, unexplained: all > 0 ? left / all : 1 };
}

const equationsOfOne = (unknowns: number): Equations => ({
  unknowns,
  outputs: 1,
  xx: new Float64Array(unknowns ** 2),
  xy: new Float64Array(unknowns),
  yy: 0,
});

/** XᵀX of each output [o, u, u], XᵀY [o, u, 1] and the sums of squares [o], over the rows within the range. */
function maskedEquations(
  tensor: ActivationShape,
  window: Window,
  { every }: EquationsPlan,
  picture: Preprocessing,
  { low, high }: Range,
  float64: boolean,
): Graph {
  const { b, x, y } = rowsFor(tensor, window, every, picture);
  const axes = (values: readonly number[]) => b.constant(values, 'int64');
  const within = b.op('And', [
    b.op('Greater', [y, b.constant(low)]),
    b.op('Less', [y, b.constant(high < Infinity ? high : 3e38)]),
  ]);
  const widened = (term: string) => (float64 ? b.op('Cast', [term], { to: 11 }) : term);
  const one = b.op('ReduceMean', [b.op('Mul', [x, b.constant(0)])], { axes: [1], keepdims: 1 });
  const ones = b.op('Add', [one, b.constant(1)]);
  const fine = widened(b.op('Concat', [x, ones], { axis: 1 }));
  const mask = widened(b.op('Cast', [within], { to: 1 }));
  // [rows, o] to [o, rows, 1]
  const each = (term: string) => b.op('Unsqueeze', [b.op('Transpose', [term], { perm: [1, 0] }), axes([2])]);
  const masked = b.op('Mul', [b.op('Unsqueeze', [fine, axes([0])]), each(mask)]);
  const across = b.op('Transpose', [masked], { perm: [0, 2, 1] });
  const aim = each(b.op('Mul', [widened(y), mask]));
  b.op('MatMul', [across, masked], {}, 'equations:xx');
  b.op('MatMul', [across, aim], {}, 'equations:xy');
  b.op('ReduceSum', [b.op('Mul', [aim, aim]), axes([1, 2])], { keepdims: 0 }, 'equations:yy');
  for (const name of ['equations:xx', 'equations:xy', 'equations:yy']) b.output(name);
  return b.build('equations');
}

function addEach(to: readonly Equations[], sums: Tensors): void {
  const values = (name: string) => sums[`equations:${name}`]!.data as Float32Array | Float64Array;
  const [xx, xy, yy] = [values('xx'), values('xy'), values('yy')];
  for (const [o, own] of to.entries()) {
    const { unknowns } = own;
    for (let i = 0; i < own.xx.length; i++) own.xx[i]! += xx[o * unknowns ** 2 + i]!;
    for (let i = 0; i < unknowns; i++) own.xy[i]! += xy[o * unknowns + i]!;
    own.yy += yy[o]!;
  }
}

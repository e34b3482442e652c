/** Ridge regression from sums of products. */
import { cholesky } from '../../../numeric/index.ts';

export interface Equations {
  readonly unknowns: number;
  readonly outputs: number;
  /** Σ xxᵀ, unknowns². */
  readonly xx: Float64Array;
  /** Σ xyᵀ, unknowns × outputs. */
  readonly xy: Float64Array;
  /** Σ |y|². */
  yy: number;
}

export interface RidgeSolution {
  /** unknowns × outputs */
  readonly weights: Float64Array;
  /** Share of Σ |y|² of the other pictures that is left; 0 where there were none. */
  readonly unexplained: number;
}

/** Weights of |w|², as shares of the mean of the diagonal of Σ xxᵀ. */
const usualRidges = [1e-8, 1e-6, 1e-4, 1e-2, 0.3];

/** Where nothing judges. */
const usualUnjudged = 1e-2;

/**
 * @param judge equations of other pictures: the ridge whose error on them is least is taken
 * @param unjudged the ridge where there are none
 */
export function solveRidge(
  solve: Equations,
  judge: Equations,
  ridges: readonly number[] = usualRidges,
  unjudged = usualUnjudged,
): RidgeSolution {
  const judged = judge.yy > 0;
  let best: Float64Array | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const ridge of judged ? ridges : [unjudged]) {
    const w = solution(solve, ridge);
    const error = w ? (judged ? errorOf(w, judge) : 0) : Number.POSITIVE_INFINITY;
    if (w && error < least) [best, least] = [w, error];
  }
  // Doing nothing is the mean picture.
  if (!best || (judged && least >= judge.yy)) {
    return { weights: new Float64Array(solve.unknowns * solve.outputs), unexplained: 1 };
  }
  return { weights: best, unexplained: judged ? least / judge.yy : 0 };
}

/** Σ |y − wᵀx|². */
function errorOf(w: Float64Array, { unknowns: u, outputs: o, xx, xy, yy }: Equations): number {
  let error = yy;
  const row = new Float64Array(o);
  for (let i = 0; i < u; i++) {
    row.fill(0);
    for (let j = 0; j < u; j++) {
      const g = xx[i * u + j]!;
      for (let k = 0; k < o; k++) row[k]! += g * w[j * o + k]!;
    }
    for (let k = 0; k < o; k++) error += w[i * o + k]! * (row[k]! - 2 * xy[i * o + k]!);
  }
  return error;
}

/** (XX + r·I) w = XY by Cholesky; undefined where rounding has made the matrix indefinite. */
function solution({ unknowns: u, outputs: o, xx, xy }: Equations, ridge: number): Float64Array | undefined {
  let trace = 0;
  for (let i = 0; i < u; i++) trace += xx[i * u + i]!;
  const r = (ridge * trace) / u + 1e-12;
  const a = Float64Array.from(xx);
  for (let i = 0; i < u; i++) a[i * u + i]! += r;
  const l = cholesky(a, u);
  if (!l) return undefined;
  const w = Float64Array.from(xy);
  for (let i = 0; i < u; i++) {
    for (let j = 0; j < i; j++) {
      const f = l[i * u + j]!;
      for (let k = 0; k < o; k++) w[i * o + k]! -= f * w[j * o + k]!;
    }
    for (let k = 0; k < o; k++) w[i * o + k]! /= l[i * u + i]!;
  }
  for (let i = u - 1; i >= 0; i--) {
    for (let j = i + 1; j < u; j++) {
      const f = l[j * u + i]!;
      for (let k = 0; k < o; k++) w[i * o + k]! -= f * w[j * o + k]!;
    }
    for (let k = 0; k < o; k++) w[i * o + k]! /= l[i * u + i]!;
  }
  return w;
}

/** Chooses rMLE's λ by trying a range of them on the attacker's own pictures, all at once. */

import type { Tensor, Tensors } from '../../model/index.ts';
import { meanSquare } from '../../model/index.ts';
import type { DescentContext } from './attack.ts';
import { likeness } from './likeness.ts';
import type { ObjectiveOptions } from './objective.ts';
import { repeated, repeatedTensor } from './prior/choose.ts';
import { solveInChunks } from './solvers/chunked.ts';
import type { Solver } from './solvers/solver.ts';
import { type Start, startOf } from './start.ts';

/** Multiples of the mean square of the features, since λ weighs against their squared error. */
const multiples = [0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1];
/** The longer the descent, the less of a prior it needs: the best of a short one is an upper end for a long one. */
const refinements = [0.05, 0.15, 0.4, 1];
/** Share of the attack's own steps that a refinement takes. */
const longShare = 0.75;
const shortIterations = 150;
const picturesTried = 3;

export interface LambdaSearch {
  readonly context: DescentContext;
  readonly solver: Solver;
  readonly objective: ObjectiveOptions;
  /** Of the attack itself. */
  readonly iterations: number;
  readonly lambdaL2: number;
  /** Most pictures at once. */
  readonly batch: number;
  /** Pictures that start the victims are no start for others: those begin at grey. */
  readonly start: Start;
}

/** @returns the λ whose reconstructions are most like the pictures (SSIM) */
export async function searchLambda(search: LambdaSearch, onProgress: (done: number) => void): Promise<number> {
  const { context, iterations } = search;
  const pictures = await context.examples.pictures(0, picturesTried);
  const seen = await context.examples.seen(0, picturesTried);
  const scale = meanSquare(seen);
  const refines = iterations >= 2 * shortIterations;
  const long = Math.round(iterations * longShare);
  // Nine short descents, then four long ones.
  const short = Math.min(iterations, shortIterations);
  const share = refines ? (multiples.length * short) / (multiples.length * short + refinements.length * long) : 1;
  const attempt = (lambdas: number[], steps: number, report: (done: number) => void) =>
    bestOf(search, pictures, seen, lambdas, steps, report);
  const coarse = await attempt(
    multiples.map((m) => m * scale),
    short,
    (done) => onProgress(done * share),
  );
  if (!refines || coarse === 0) return coarse;
  return attempt(
    refinements.map((r) => r * coarse),
    long,
    (done) => onProgress(share + done * (1 - share)),
  );
}

async function bestOf(
  { context, solver, objective, lambdaL2, batch, start }: LambdaSearch,
  pictures: Tensor,
  seen: Tensors,
  lambdas: readonly number[],
  iterations: number,
  onProgress: (done: number) => void,
): Promise<number> {
  const { preprocessing, engine, signal } = context;
  const n = lambdas.length * picturesTried;
  const observed = repeated(seen, lambdas.length);
  const problem = {
    engine,
    objective,
    observed,
    start: await startOf(typeof start === 'object' ? 'grey' : start, observed, context, 'lambda'),
    lambdaTv: Float32Array.from({ length: n }, (_, i) => lambdas[Math.floor(i / picturesTried)]!),
    lambdaL2: new Float32Array(n).fill(lambdaL2),
    iterations,
    signal,
    onProgress,
  };
  const solution = await solveInChunks(solver, problem, (k) => context.head(k), batch);
  const { ssim } = likeness(repeatedTensor(pictures, lambdas.length), solution, preprocessing);
  let best = 0;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const [i, lambda] of lambdas.entries()) {
    const own = ssim.subarray(i * picturesTried, (i + 1) * picturesTried);
    const score = own.reduce((a, b) => a + b, 0) / own.length;
    if (score > bestScore) [best, bestScore] = [lambda, score];
  }
  return best;
}

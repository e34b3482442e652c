/** Solves a problem a part of its pictures at a time, so that it fits in memory. */
import { fullChunks } from '../../../full-chunks.ts';
import { inLanes } from '../../../in-lanes.ts';
import { asFloat32, float32, type Graph, rowsOf, sizeOf } from '../../../model/index.ts';
import { picturesThatFit } from '../memory.ts';
import { rowsOfAll } from '../rows.ts';
import type { Stop } from '../stops.ts';
import { vectorsKept } from './lbfgs.ts';
import type { Problem, Solution, Solver } from './solver.ts';

const mostPictures = 100;

/**
 * How many pictures a descent takes at once; L-BFGS remembers its last steps for each.
 * @param head batch one, shapes known
 * @throws CutlineError MEMORY_BUDGET
 */
export function batchThatFits(head: Graph, memoryBytes: number): number {
  const picture = sizeOf(head.inputs[0]!.shape.slice(1) as number[]);
  return picturesThatFit({ graphs: [head], state: vectorsKept * picture }, memoryBytes, mostPictures);
}

/**
 * @param headFor the head for a batch of so many pictures
 * @param batch most pictures at once
 */
export async function solveInChunks(
  solver: Solver,
  problem: Omit<Problem, 'head'>,
  headFor: (n: number) => Promise<Graph>,
  batch: number,
): Promise<Solution> {
  const count = problem.start.shape[0]!;
  const atOnce = solver.partsAtOnce({ ...problem, head: await headFor(1) });
  const n = partSize(count, batch, atOnce);
  const head = await headFor(n);
  const shape = [count, ...(head.inputs[0]!.shape.slice(1) as number[])];
  const pictures = new Float32Array(sizeOf(shape));
  const values = new Float32Array(count);
  const size = pictures.length / count;
  const steps = new Int32Array(count);
  const stops: Stop[] = Array.from({ length: count });
  const reached = new Map<number, number>();
  const report = (first: number, done: number) => {
    reached.set(first, Math.min(n, count - first) * done);
    problem.onProgress?.(Math.min(1, [...reached.values()].reduce((a, b) => a + b, 0) / count));
  };
  const lanes = Array.from({ length: Math.max(1, Math.min(atOnce, Math.floor(batch / n))) });
  await inLanes(
    fullChunks(count, n),
    lanes,
    async ({ first: at, again }, _index, _lane, signal) => {
      const first = at + again;
      const solution = await solver.solve({
        ...problem,
        signal,
        head,
        observed: rowsOfAll(problem.observed, at, n),
        start: rowsOf(problem.start, at, n),
        lambdaTv: problem.lambdaTv.slice(at, at + n),
        lambdaL2: problem.lambdaL2.slice(at, at + n),
        basis: problem.basis && {
          rows: rowsOfAll(problem.basis.rows, at, n),
          lambda: problem.basis.lambda.slice(at, at + n),
        },
        onProgress: (done) => report(first, done),
      });
      // What it went back over is the part's before.
      pictures.set(asFloat32(solution.pictures).subarray(again * size), first * size);
      values.set(solution.values.subarray(again), first);
      steps.set(solution.steps.subarray(again), first);
      for (const [i, stop] of solution.stops.slice(again).entries()) stops[first + i] = stop;
      // A part that is quickly solved reports nothing itself.
      report(first, 1);
    },
    problem.signal,
  );
  return { pictures: float32(pictures, shape), values, steps, stops };
}

/** So many pictures that the parts at once fill the batch, and that there is a part for each of them. */
function partSize(count: number, batch: number, atOnce: number): number {
  return Math.max(1, Math.min(Math.floor(batch / atOnce), Math.ceil(count / atOnce)));
}

/**
 * Searches, for each victim, the code whose picture has the features that were observed (Bora et al. 2017): from several
 * beginnings for a while, then on from the one that fits best. What fits is told by the features alone.
 */
import {
  asFloat32,
  float32,
  type Graph,
  meanSquares,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../../../model/index.ts';
import type { WhiteBoxContext } from '../attack.ts';
import { type Missed, missedBy } from '../missed.ts';
import { pickRows, pickRowsOfAll } from '../rows.ts';
import { batchThatFits, solveInChunks } from '../solvers/chunked.ts';
import type { Solver } from '../solvers/solver.ts';
import { isMiss } from '../stops.ts';
import { codeObjective, headBehind } from './behind.ts';
import type { Generator } from './generator.ts';
import { residuals } from './residual.ts';

export interface CodeSearch {
  readonly context: WhiteBoxContext;
  readonly generator: Generator;
  readonly solver: Solver;
  /** Beginnings [victims × each, …], victim by victim. */
  readonly starts: Tensor;
  /** Steps in all, and those of them that every beginning takes. */
  readonly iterations: number;
  readonly trialIterations: number;
  /** Are codes standard normal? Then unlikely ones cost; else all are alike. */
  readonly normal: boolean;
  /** Codes searched together. Default what fits in memory. */
  readonly batch?: number | undefined;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface FoundCodes {
  /** [victims, …] */
  readonly codes: Tensor;
  readonly iterations: number;
  /** Mean distance of features, as the solvers have it. */
  readonly residual: number;
  /** Victims of whom no beginning got on. */
  readonly missed?: readonly Missed[];
}

/** After so many steps it is looked whether any victim still gains. */
const roundIterations = 150;
/** Less than this share of a victim's distance is no gain. */
const worthwhile = 0.01;
/** Of the features' mean square: how far off a generator is expected to be before it has been tried, and at least. */
const [expectedMisfit, leastMisfit] = [1e-2, 1e-4];

export async function searchCodes(search: CodeSearch): Promise<FoundCodes> {
  const { context, generator, solver, starts, iterations, normal } = search;
  const { engine, observed, count, signal, view } = context;
  const each = starts.shape[0]! / count;
  const headFor = remembering((n: number) => headBehind(generator, context, n));
  const batch = search.batch ?? batchThatFits(await headFor(1), context.memoryBytes);
  const objective = codeObjective(generator.codeShape, view);
  const scales = meanSquares(observed);
  const weigh = evidence(context, sizeOf(generator.codeShape));
  /** Weights of the codes' squared norms of these victims, who are expected to be so far off. */
  const lambdaOf = (victims: ArrayLike<number>, misfit: (victim: number) => number) =>
    Float32Array.from(victims, (v) => (normal ? weigh(misfit(v), scales[v]!) : 0));

  const descend = async (
    codes: Tensor,
    seen: Tensors,
    lambdaL2: Float32Array,
    steps: number,
    from: number,
    to: number,
  ) =>
    solveInChunks(
      solver,
      {
        engine,
        objective,
        observed: seen,
        start: codes,
        lambdaTv: new Float32Array(codes.shape[0]!),
        lambdaL2,
        iterations: steps,
        signal,
        onProgress: (done) => search.onProgress?.(from + (to - from) * done),
      },
      headFor,
      batch,
    );
  const misfitOf = async (codes: Tensor, seen: Tensors) =>
    residuals(engine, await headFor(Math.min(batch, codes.shape[0]!)), objective, codes, seen, signal);

  // Trials, all beginnings of all victims.
  const trial = Math.min(search.trialIterations, iterations);
  const owners = Int32Array.from({ length: each * count }, (_, i) => Math.floor(i / each));
  const trialShare = (trial * each) / (trial * each + (iterations - trial));
  const first = lambdaOf(owners, (v) => expectedMisfit * scales[v]!);
  const seenByAll = each === 1 ? observed : pickRowsOfAll(observed, owners);
  const { pictures: tried, stops } = await descend(starts, seenByAll, first, trial, 0, trialShare);
  const misfits = await misfitOf(tried, seenByAll);
  const norms = meanSquares({ tried });
  const worst = Number.POSITIVE_INFINITY;
  const cost = misfits.map((misfit, i) => (isMiss(stops[i]!) ? worst : misfit + first[i]! * norms[i]!));
  const best = Array.from({ length: count }, (_, v) => {
    const own = Array.from({ length: each }, (_, r) => v * each + r);
    return own.reduce((a, b) => (cost[b]! < cost[a]! ? b : a));
  });
  const codes = pickRows(tried, best);
  const misfit = Float32Array.from(best, (i) => misfits[i]!);
  let taken = trial;

  // On from the best. Who gains no more is left where it is, whoever is beside it.
  let running = Array.from(best.keys());
  while (taken < iterations && running.length > 0) {
    const steps = Math.min(roundIterations, iterations - taken);
    const at = (n: number) => trialShare + ((1 - trialShare) * (n - trial)) / (iterations - trial);
    const seen = pickRowsOfAll(observed, running);
    const lambda = lambdaOf(running, (v) => misfit[v]!);
    const { pictures } = await descend(pickRows(codes, running), seen, lambda, steps, at(taken), at(taken + steps));
    const now = await misfitOf(pictures, seen);
    const size = sizeOf(generator.codeShape);
    const gained = running.map((v, i) => now[i]! < (1 - worthwhile) * misfit[v]!);
    for (const [i, v] of running.entries()) {
      if (!Number.isFinite(now[i])) continue;
      asFloat32(codes).set(asFloat32(pictures).subarray(i * size, (i + 1) * size), v * size);
      misfit[v] = now[i]!;
    }
    running = running.filter((_, i) => gained[i]);
    taken += steps;
  }
  search.onProgress?.(1);
  const missed = missedBy(stops, count);
  return { codes, iterations: taken, residual: misfit.reduce((a, b) => a + b, 0) / count, ...missed };
}

/**
 * The weight of a code's mean square that makes the objective a likelihood times the codes' density (MacKay 1992): features
 * miss by σ² each, estimated by what is left of the distance, or known where the mechanism says it.
 */
function evidence({ observed, count, view }: WhiteBoxContext, dimensions: number) {
  const features = Object.values(observed).reduce((sum, t) => sum + asFloat32(t).length, 0) / count;
  const free = Math.max(features - dimensions, features / 4);
  const { likelihood } = view;
  const noise = likelihood.kind === 'squares' ? likelihood.standardDeviation ** 2 : 0;
  return (misfit: number, scale: number): number => {
    if (likelihood.kind === 'absolute') return (dimensions * likelihood.scale) / (2 * features);
    const variance = Math.max((misfit * features) / free, leastMisfit * scale, noise);
    return (dimensions * variance) / features;
  };
}

function remembering(make: (n: number) => Promise<Graph>): (n: number) => Promise<Graph> {
  const made = new Map<number, Promise<Graph>>();
  return (n) => {
    const known = made.get(n) ?? make(n);
    made.set(n, known);
    return known;
  };
}

/** Pictures of codes, as many at once as were searched together. */
export async function picturesOf(
  generator: Generator,
  codes: Tensor,
  { engine, signal }: Pick<WhiteBoxContext, 'engine' | 'signal'>,
): Promise<Tensor> {
  const count = codes.shape[0]!;
  const n = Math.min(25, count);
  const graph = await generator.graph(n);
  const session = await engine.load(graph, signal && { signal });
  const parts: Float32Array[] = [];
  let row: readonly number[] = [];
  try {
    for (let first = 0; first < count; first += n) {
      const part = Int32Array.from({ length: n }, (_, i) => Math.min(first + i, count - 1));
      const out = (await session.run({ [graph.inputs[0]!.name]: pickRows(codes, part) }, signal && { signal }))[
        graph.outputs[0]!.name
      ]!;
      row = out.shape.slice(1);
      parts.push(asFloat32(out).subarray(0, Math.min(n, count - first) * sizeOf(row)));
    }
  } finally {
    await session.close();
  }
  const pictures = new Float32Array(count * sizeOf(row));
  let at = 0;
  for (const part of parts) {
    pictures.set(part, at);
    at += part.length;
  }
  return float32(pictures, [count, ...row]);
}

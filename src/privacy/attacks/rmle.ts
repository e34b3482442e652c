/**
 * rMLE, the regularised maximum-likelihood attack of He et al. (2019, §4): the picture whose features are those observed,
 * among likely pictures. White-box. It knows the mechanism: it descends through it, the distance is the one that its noise makes likely,
 * and what to believe of pictures, and how firmly, is tried on pictures of the attacker's own, sent through the same mechanism.
 */
import { asFloat32, float32, meanSquares } from '../../model/index.ts';
import type { Look } from '../mechanisms/index.ts';
import {
  type AttackContext,
  type DescentContext,
  type Reconstruction,
  usualAbove,
  type WhiteBoxAttack,
} from './attack.ts';
import { drawnApart } from './contrast.ts';
import { searchLambda } from './lambda.ts';
import { missedBy } from './missed.ts';
import type { ObjectiveOptions } from './objective.ts';
import { publishedPreset } from './presets.ts';
import { chooseBelief, looksAt, reconstruct, searchSteps, type TriedBelief } from './prior/choose.ts';
import { adamSolver } from './solvers/adam-solver.ts';
import { batchThatFits, solveInChunks } from './solvers/chunked.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';
import { mostSteps, type Solution } from './solvers/solver.ts';
import { type Start, startOf } from './start.ts';
import { isMiss } from './stops.ts';

export interface RmleOptions {
  readonly solver: 'lbfgs' | 'adam';
  /** Steps; default 200 for L-BFGS, 600 with total variation, and for Adam what was published for the cut, else 5000. */
  readonly iterations?: number | undefined;
  /**
   * Weight of the total variation, in place of the statistics of pictures that L-BFGS otherwise believes in; `auto` searches,
   * for L-BFGS only with a `formula`. For Adam the default is what was published for the cut.
   */
  readonly lambdaTv?: number | 'auto' | undefined;
  /** Weight of the squared norm. Default 0, for Adam what was published for the cut. */
  readonly lambdaL2?: number | undefined;
  /**
   * Total variation as the paper writes it, the length of the gradient, or as its public code does, squared differences.
   * L-BFGS then regularises with it instead of with statistics. Default for a λ that is given, and for Adam: `code`.
   */
  readonly formula?: 'paper' | 'code' | undefined;
  /** L-BFGS with statistics only: descents from grey and then from noise, of which each victim keeps the lowest. Default 1. */
  readonly restarts?: number | undefined;
  /** Adam only. Default what was published for the cut, else 0.01. */
  readonly learningRate?: number | undefined;
  /** Id of the cut: it selects what was published. */
  readonly cut: string;
  /** Victims attacked together. Default what fits in memory, at most 100. */
  readonly batch?: number | undefined;
}

export interface DescentOptions extends RmleOptions {
  /** Default grey. */
  readonly start?: Start | undefined;
}

const [statisticsSteps, variationSteps, adamSteps] = [200, 600, 5000];

const believesStatistics = ({ solver, formula, lambdaTv }: RmleOptions): boolean =>
  solver === 'lbfgs' && formula === undefined && (lambdaTv === undefined || lambdaTv === 'auto');

/** Steps of each victim where nobody says how many. */
export function defaultSteps(options: RmleOptions, channels: number): number {
  if (options.solver === 'adam') return publishedPreset(channels, options.cut)?.iterations ?? adamSteps;
  return believesStatistics(options) ? statisticsSteps : variationSteps;
}

export function rmle(options: RmleOptions): WhiteBoxAttack {
  return {
    name: 'rmle',
    threat: 'white-box',
    run: (context) => descend(context, options),
  };
}

/** What rMLE does, from wherever it shall start: other attacks begin it where they ended. */
export async function descend(context: DescentContext, options: DescentOptions): Promise<Reconstruction> {
  if (!believesStatistics(options)) return descendWithVariation(context, options);
  return descendWithStatistics(context, options, [options.start ?? 'grey']);
}

/** Whether a descent with these options goes by the statistics of pictures. */
export function believes({ solver, lambdaTv, formula }: Omit<RmleOptions, 'cut'>): boolean {
  return solver === 'lbfgs' && formula === undefined && (lambdaTv === undefined || lambdaTv === 'auto');
}

/**
 * With the statistics of pictures, from whichever start does best on the attacker's own.
 * @param starts at least one
 */
export async function descendWithStatistics(
  context: DescentContext,
  options: RmleOptions,
  starts: readonly Start[],
): Promise<Reconstruction & { readonly start: Start }> {
  const { count } = context;
  const { iterations = statisticsSteps, lambdaL2 = 0, restarts = 1 } = options;
  const looks = await looksAt(context);
  const fitting = async (look: Look) => batchThatFits(await context.head(1, look), context.memoryBytes);
  const batch = options.batch ?? Math.min(...(await Promise.all(looks.map(fitting))));
  const objective = (look?: Look) => objectiveFor(context, look);
  const common = { context, solver: lbfgsSolver, objective, iterations, lambdaL2, batch };
  const searched = searchSteps(iterations, looks.length) * starts.length;
  const share = searched / (searched + restarts * count * iterations);
  const report = (done: number) => context.onProgress?.(done);
  const tried: (TriedBelief & { readonly start: Start })[] = [];
  for (const [i, start] of starts.entries()) {
    const found = await chooseBelief({ ...common, start }, (done) => report((share * (i + done)) / starts.length));
    tried.push({ ...found, start });
  }
  const { belief, start, score, gain } = tried.reduce((a, b) => (b.score > a.score ? b : a));
  const search = { ...common, start };
  const beliefs = Array.from({ length: count }, () => belief);
  const attempt = (index: number) =>
    reconstruct(
      index === 0 ? search : { ...search, start: 'noise' },
      context.observed,
      beliefs,
      iterations,
      `start ${index}`,
      (done) => report(share + ((1 - share) * (index + done)) / restarts),
    );
  let best = await attempt(0);
  for (let i = 1; i < restarts; i++) best = lower(best, await attempt(i));
  const { basis, lambda, look } = belief;
  return {
    pictures: drawnApart(best.pictures, gain, context.preprocessing),
    iterations: mostSteps(best),
    parameters: {
      solver: 'lbfgs',
      prior: basis.name,
      lambda,
      lambdaL2,
      restarts,
      batch,
      ownScore: score,
      ...(gain !== 1 && { contrast: gain }),
      ...(look && looks.length > 1 && { look: look.name }),
    },
    budgets: { iterations, restarts },
    ...usualAbove(options, { iterations: statisticsSteps, restarts: 1 }),
    ...missedBy(best.stops),
    start,
  };
}

/**
 * Of two attempts, for each victim one that got on; of two such the one whose objective is lower: nothing else is known of
 * which is nearer the truth.
 */
function lower(a: Solution, b: Solution): Solution {
  const pictures = Float32Array.from(asFloat32(a.pictures));
  const size = pictures.length / a.values.length;
  const second = a.stops.map((stop, i) =>
    isMiss(stop) === isMiss(b.stops[i]!) ? b.values[i]! < a.values[i]! : isMiss(stop),
  );
  for (const [i, is] of second.entries())
    if (is) pictures.set(asFloat32(b.pictures).subarray(i * size, (i + 1) * size), i * size);
  return {
    pictures: float32(pictures, a.pictures.shape),
    values: a.values.map((value, i) => (second[i] ? b.values[i]! : value)),
    steps: a.steps.map((n, i) => Math.max(n, b.steps[i]!)),
    stops: a.stops.map((stop, i) => (second[i] ? b.stops[i]! : stop)),
  };
}

async function descendWithVariation(context: DescentContext, options: DescentOptions): Promise<Reconstruction> {
  const { preprocessing, count } = context;
  const preset = options.solver === 'adam' ? publishedPreset(preprocessing.channels, options.cut) : undefined;
  const learningRate = options.learningRate ?? preset?.learningRate ?? 0.01;
  const solver = options.solver === 'adam' ? adamSolver(learningRate) : lbfgsSolver;
  const iterations = options.iterations ?? defaultSteps(options, preprocessing.channels);
  const lambdaL2 = options.lambdaL2 ?? preset?.lambdaL2 ?? 0;
  const wanted = options.lambdaTv ?? preset?.lambdaTv ?? 'auto';
  const search = wanted === 'auto';
  // The search takes about as many picture-steps as eighteen victims more.
  const searchShare = search ? 18 / (18 + count) : 0;
  const objective = {
    ...objectiveFor(context),
    variation: options.formula === 'paper' ? 'isotropic' : 'squared',
  } as const;
  // As published, Adam starts from plain grey.
  const start: Start = options.start ?? (solver.name === 'adam' ? 'plain grey' : 'grey');
  const batch = options.batch ?? batchThatFits(await context.head(1), context.memoryBytes);
  const lambdaTv = search
    ? await searchLambda({ context, solver, objective, iterations, lambdaL2, batch, start }, (done) =>
        context.onProgress?.(done * searchShare),
      )
    : wanted;

  const from = async (where: Start) =>
    solveInChunks(
      solver,
      {
        engine: context.engine,
        objective,
        observed: context.observed,
        start: await startOf(where, context.observed, context, 'start'),
        lambdaTv: new Float32Array(count).fill(lambdaTv),
        lambdaL2: new Float32Array(count).fill(lambdaL2),
        iterations,
        signal: context.signal,
        onProgress: (done) => context.onProgress?.(searchShare + (1 - searchShare) * done),
      },
      (n) => context.head(n),
      batch,
    );
  let solution = await from(start);
  // A norm, for one, has no slope at plain grey: a little beside it, it has.
  if (start === 'plain grey' && solution.stops.every((stop) => stop === 'flat')) solution = await from('grey');
  const parameters = {
    solver: solver.name,
    lambdaTv,
    lambdaL2,
    ...(options.solver === 'adam' && { learningRate }),
  };
  const { pictures, stops } = solution;
  return {
    pictures,
    iterations: mostSteps(solution),
    parameters,
    budgets: { iterations },
    ...usualAbove(options, { iterations: defaultSteps(options, preprocessing.channels) }),
    ...missedBy(stops),
  };
}

/** The distance that the mechanism's noise makes likely, or that goes with a look at it. */
export function objectiveFor(
  { view, preprocessing, observed }: Pick<AttackContext, 'view' | 'preprocessing' | 'observed'>,
  { likelihood }: Pick<Look, 'likelihood'> = view,
): ObjectiveOptions {
  const square = Math.max(...meanSquares(observed));
  return {
    likelihood,
    relaxed: view.mechanism.stages.some(({ stage }) => stage.relaxes),
    mostlyNoise: likelihood.kind === 'squares' && likelihood.standardDeviation ** 2 > square / 2,
    spatialAxes: preprocessing.layout === 'NCHW' ? [2, 3] : [1, 2],
  };
}

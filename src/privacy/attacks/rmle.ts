/**
 * rMLE, the regularised maximum-likelihood attack of He et al. (2019, §4): the picture whose features are those observed,
 * among smooth pictures. White-box. It knows the law of a noise defense: the distance is the one that noise makes likely,
 * and λ is searched on pictures of the attacker's own, sent through the same defense.
 */

import type { DescentContext, Reconstruction, WhiteBoxAttack } from './attack.ts';
import { searchLambda } from './lambda.ts';
import type { ObjectiveOptions } from './objective.ts';
import { publishedPreset } from './presets.ts';
import { adamSolver } from './solvers/adam-solver.ts';
import { batchThatFits, solveInChunks } from './solvers/chunked.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';
import { type Start, startOf } from './start.ts';

export interface RmleOptions {
  readonly solver: 'lbfgs' | 'adam';
  /** Steps; default 600 for L-BFGS, and for Adam what was published for the cut, else 5000. */
  readonly iterations?: number | undefined;
  /** Weight of the total variation; `auto` searches. Default: `auto`, for Adam what was published for the cut. */
  readonly lambdaTv?: number | 'auto' | undefined;
  /** Weight of the squared norm. Default 0, for Adam what was published for the cut. */
  readonly lambdaL2?: number | undefined;
  /** Adam only. Default what was published for the cut, else 0.01. */
  readonly learningRate?: number | undefined;
  /** Id of the cut: it selects what was published. */
  readonly cut: string;
  /** Victims attacked together. Default what fits in memory, at most 50. */
  readonly batch?: number | undefined;
}

export interface DescentOptions extends RmleOptions {
  /** Default grey. */
  readonly start?: Start | undefined;
}

export function rmle(options: RmleOptions): WhiteBoxAttack {
  return { name: 'rmle', threat: 'white-box', run: (context) => descend(context, options) };
}

/** What rMLE does, from wherever it shall start: other attacks begin it where they ended. */
export async function descend(context: DescentContext, options: DescentOptions): Promise<Reconstruction> {
  const { preprocessing, count } = context;
  const preset = options.solver === 'adam' ? publishedPreset(preprocessing.channels, options.cut) : undefined;
  const learningRate = options.learningRate ?? preset?.learningRate ?? 0.01;
  const solver = options.solver === 'adam' ? adamSolver(learningRate) : lbfgsSolver;
  const iterations = options.iterations ?? preset?.iterations ?? (options.solver === 'adam' ? 5000 : 600);
  const lambdaL2 = options.lambdaL2 ?? preset?.lambdaL2 ?? 0;
  const wanted = options.lambdaTv ?? preset?.lambdaTv ?? 'auto';
  const search = wanted === 'auto';
  // The search takes about as many picture-steps as eighteen victims more.
  const searchShare = search ? 18 / (18 + count) : 0;
  const objective = objectiveFor(context);
  // As published, Adam starts from plain grey.
  const start: Start = options.start ?? (solver.name === 'adam' ? 'plain grey' : 'grey');
  const batch = options.batch ?? batchThatFits(await context.head(1));
  const lambdaTv = search
    ? await searchLambda({ context, solver, objective, iterations, lambdaL2, batch, start }, (done) =>
        context.onProgress?.(done * searchShare),
      )
    : wanted;

  const solution = await solveInChunks(
    solver,
    {
      engine: context.engine,
      objective,
      observed: context.observed,
      start: await startOf(start, context.observed, context, 'start'),
      lambdaTv: new Float32Array(count).fill(lambdaTv),
      lambdaL2: new Float32Array(count).fill(lambdaL2),
      iterations,
      signal: context.signal,
      onProgress: (done) => context.onProgress?.(searchShare + (1 - searchShare) * done),
    },
    (n) => context.head(n),
    batch,
  );
  const parameters = { solver: solver.name, lambdaTv, lambdaL2, ...(options.solver === 'adam' && { learningRate }) };
  return { ...solution, parameters };
}

function objectiveFor({ defense, preprocessing }: DescentContext): ObjectiveOptions {
  const { law, where } = defense;
  const laplace = law.kind === 'additive' && law.distribution === 'laplace' && where === 'activation';
  return {
    law: laplace ? { kind: 'laplace', scale: law.scale } : { kind: 'gaussian' },
    spatialAxes: preprocessing.layout === 'NCHW' ? [2, 3] : [1, 2],
  };
}

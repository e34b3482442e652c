/**
 * rMLE, the regularised maximum-likelihood attack of He et al. (2019, §4): the picture whose features are those observed,
 * among smooth pictures. White-box. It knows the law of a noise defense: the distance is the one that noise makes likely,
 * and λ is searched on pictures of the attacker's own, sent through the same defense.
 */

import { inputShape } from '../../data/index.ts';
import { float32, sizeOf, type Tensor } from '../../model/index.ts';
import type { Reconstruction, WhiteBoxAttack, WhiteBoxContext } from './attack.ts';
import { searchLambda } from './lambda.ts';
import type { ObjectiveOptions } from './objective.ts';
import { publishedPreset } from './presets.ts';
import { adamSolver } from './solvers/adam-solver.ts';
import { batchThatFits, solveInChunks } from './solvers/chunked.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';
import type { Solver } from './solvers/solver.ts';

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

/** A start that is exactly grey makes every pooling window a tie, where the gradient points nowhere in particular. */
const startNoise = 0.01;

export function rmle(options: RmleOptions): WhiteBoxAttack {
  return { name: 'rmle', threat: 'white-box', run: (context) => run(context, options) };
}

async function run(context: WhiteBoxContext, options: RmleOptions): Promise<Reconstruction> {
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
  const batch = options.batch ?? batchThatFits(await context.head(1));
  const lambdaTv = search
    ? await searchLambda({ context, solver, objective, iterations, lambdaL2, batch }, (done) =>
        context.onProgress?.(done * searchShare),
      )
    : wanted;

  const solution = await solveInChunks(
    solver,
    {
      engine: context.engine,
      objective,
      observed: context.observed,
      start: grey(count, context, solver, 'start'),
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

function objectiveFor({ defense, preprocessing }: WhiteBoxContext): ObjectiveOptions {
  const { law, where } = defense;
  const laplace = law.kind === 'additive' && law.distribution === 'laplace' && where === 'activation';
  return {
    law: laplace ? { kind: 'laplace', scale: law.scale } : { kind: 'gaussian' },
    spatialAxes: preprocessing.layout === 'NCHW' ? [2, 3] : [1, 2],
  };
}

/** Mid-grey in the network's units is 0 as published; L-BFGS needs it a little rough, each picture in its own way. */
export function grey(n: number, { preprocessing, random }: WhiteBoxContext, solver: Solver, label: string): Tensor {
  const shape = inputShape(n, preprocessing);
  const data = new Float32Array(sizeOf(shape));
  const size = data.length / n;
  if (solver.name === 'lbfgs') {
    for (let i = 0; i < n; i++)
      random.fork(`${label} ${i}`).fillNormal(data.subarray(i * size, (i + 1) * size), startNoise);
  }
  return float32(data, shape);
}

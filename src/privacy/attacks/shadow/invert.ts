/**
 * Inverts a shadow by rMLE with the statistics of the attacker's pictures. How firmly they are to be believed cannot be tried
 * on the shadow's own answers, which it would explain too well: it is tried on traffic, whose pictures nobody knows, and judged
 * by whether what comes out is like pictures, element by element.
 */
import { cost, meanSquare, type Tensor } from '../../../model/index.ts';
import { type AttackContext, type Reconstruction, type Traffic, usualAbove, type WhiteBoxContext } from '../attack.ts';
import { missedBy } from '../missed.ts';
import { type Belief, reconstruct } from '../prior/choose.ts';
import { learned, natural } from '../prior/index.ts';
import { objectiveFor } from '../rmle.ts';
import { batchThatFits } from '../solvers/chunked.ts';
import { lbfgsSolver } from '../solvers/lbfgs-solver.ts';
import { mostSteps } from '../solvers/solver.ts';
import { stepsWithin } from '../steps.ts';
import { elementsOf, unlikeness } from './elements.ts';

export interface InvertShadow {
  readonly context: AttackContext & Pick<WhiteBoxContext, 'head'>;
  readonly traffic: Traffic;
  /** Network inputs [k, …] of the attacker's own. */
  readonly pictures: Tensor;
  /** Of the descent. Default 100, or fewer where a step is dear. */
  readonly iterations?: number | undefined;
}

/** λ as multiples of the mean square of the features. A shadow errs more than a head: it needs a firmer belief. */
const multiples = [0.003, 0.01, 0.03, 0.1, 0.3, 1];
/** Of a trial. */
const [fewestRows, mostRows, trialSteps] = [16, 64, 30] as const;
/** Multiplications and additions of all trials together, and of one descent. */
const [trialBudget, stepBudget] = [4e11, 1e10] as const;
/** Of the search, in descents of a hundred victims: what progress is told by. */
const searchShare = 0.4;

/** Steps of the descent, by what one costs. @param macs of the head for a picture */
export const shadowSteps = (macs: number): number => stepsWithin(stepBudget, macs, [40, 100]);

export async function invertShadow({ context, traffic, pictures, ...options }: InvertShadow): Promise<Reconstruction> {
  const { preprocessing, observed, count } = context;
  const { macs } = cost(await context.head(1));
  const iterations = options.iterations ?? shadowSteps(macs);
  const search = {
    context,
    solver: lbfgsSolver,
    objective: () => objectiveFor(context),
    lambdaL2: 0,
    batch: batchThatFits(await context.head(1), context.memoryBytes),
    start: 'grey',
  } as const;
  const bases = [await learned(pictures, preprocessing, context.engine), natural(preprocessing)];
  const affordable = Math.floor(trialBudget / Math.max(1, bases.length * multiples.length * trialSteps * macs));
  const rows = Math.min(traffic.count, Math.max(fewestRows, Math.min(mostRows, affordable)));
  const seen = await traffic.rows(0, rows);
  const scale = meanSquare(seen);
  const beliefs = bases.flatMap((basis) => multiples.map((m): Belief => ({ basis, lambda: m * scale })));
  const aim = elementsOf(pictures);
  const tried: { readonly belief: Belief; readonly unlike: number }[] = [];
  for (const [i, belief] of beliefs.entries()) {
    const report = (done: number) => context.onProgress?.((searchShare * (i + done)) / beliefs.length);
    const all = Array.from({ length: rows }, () => belief);
    const made = await reconstruct(search, seen, all, Math.min(trialSteps, iterations), 'traffic', report);
    tried.push({ belief, unlike: unlikeness(elementsOf(made.pictures), aim) });
  }
  const { belief, unlike } = tried.reduce((a, b) => (b.unlike < a.unlike ? b : a));
  const all = Array.from({ length: count }, () => belief);
  const found = await reconstruct(search, observed, all, iterations, 'victims', (done) =>
    context.onProgress?.(searchShare + (1 - searchShare) * done),
  );
  const { basis, lambda } = belief;
  return {
    pictures: found.pictures,
    iterations: mostSteps(found),
    parameters: { solver: 'lbfgs', prior: basis.name, lambda, pictureUnlikeness: unlike },
    budgets: { iterations },
    ...usualAbove(options, { iterations: shadowSteps(macs) }),
    ...missedBy(found.stops),
  };
}

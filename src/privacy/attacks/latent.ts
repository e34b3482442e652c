/**
 * The learned prior: the code of a generator whose picture has the features that were observed (Bora et al. 2017). White-box.
 * Codes are taken to be standard normal, as those of most generators are, and of those that `cutline train autoencoder`
 * writes. Where no generator is given, an autoencoder is trained on pictures of the attacker's own.
 */
import { cost, float32, sizeOf, type Tensor, type Tensors } from '../../model/index.ts';
import type { Look } from '../mechanisms/index.ts';
import {
  type AttackerData,
  type Reconstruction,
  usualAbove,
  type WhiteBoxAttack,
  type WhiteBoxContext,
} from './attack.ts';
import { headBehind } from './generator/behind.ts';
import { fittingGenerator } from './generator/fitting.ts';
import type { GivenGenerator } from './generator/given.ts';
import { nearestCodes } from './generator/nearest.ts';
import { type OwnGenerator, ownGenerator, ownTraining } from './generator/own.ts';
import { type FoundCodes, picturesOf, searchCodes } from './generator/search.ts';
import { likeness } from './likeness.ts';
import { looksAt } from './prior/choose.ts';
import { descend, type RmleOptions } from './rmle.ts';
import { pickRows } from './rows.ts';
import { batchThatFits } from './solvers/chunked.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';
import { stepsWithin } from './steps.ts';

export interface LatentOptions {
  readonly generator?: GivenGenerator | undefined;
  /** What an own generator learns from. */
  readonly data: AttackerData;
  /** Of an own generator. */
  readonly training?: Omit<OwnGenerator, 'data'> | undefined;
  /** Steps at most; it ends when no victim gains. Default 300, or fewer where a step is dear. */
  readonly iterations?: number | undefined;
  /** Codes that are looked through for beginnings. Default 512. */
  readonly candidates?: number | undefined;
  /** Beginnings of each victim. Default 3. */
  readonly restarts?: number | undefined;
  /** Codes searched together. Default what fits in memory. */
  readonly batch?: number | undefined;
  /** Goes on in pixels from there, with rMLE. */
  readonly release?: RmleOptions | undefined;
}

/** Multiplications and additions of one beginning. For 100 victims some 50 seconds of a core, reckoned, not measured. */
const stepBudget = 1.5e10;

const usualRestarts = 3;

/** What an own generator learns from, and how long. */
function trainingOf({ preprocessing, available }: WhiteBoxContext, { data, training }: LatentOptions) {
  const pictures = training?.pictures ?? Math.min(10_000, available(data));
  const { macs, epochs } = ownTraining(preprocessing, pictures);
  return { pictures, macs, epochs: training?.epochs ?? epochs };
}

/** Share of the time that an own generator's training is expected to take. */
function expectedTraining(context: WhiteBoxContext, options: LatentOptions) {
  const { pictures, macs, epochs } = trainingOf(context, options);
  const { release } = options;
  const { count } = context;
  const learning = 3 * macs * pictures * epochs;
  // The gradients of small heads wait for memory: they take twice as long as their multiplications say.
  const search = 2 * 3 * stepBudget * count * (release ? 2 : 1);
  return learning / (learning + search);
}

/** Steps of a beginning, by what one costs. */
export const latentSteps = (macs: number): number => stepsWithin(stepBudget, macs, [60, 300]);

export function latent(options: LatentOptions): WhiteBoxAttack {
  return { name: 'latent', threat: 'white-box', run: (context) => run(context, options) };
}

async function run(context: WhiteBoxContext, options: LatentOptions): Promise<Reconstruction> {
  const { candidates = 512, restarts = usualRestarts, release } = options;
  const { engine, preprocessing, observed, signal } = context;
  const random = context.random.fork('latent');
  const trainingShare = options.generator ? 0 : expectedTraining(context, options);
  const searchShare = trainingShare + (1 - trainingShare) * (release ? 0.5 : 1);
  const between = (from: number, to: number) => (done: number) => context.onProgress?.(from + (to - from) * done);
  const generator = options.generator
    ? await fittingGenerator(options.generator.graph, preprocessing, engine, options.generator.scale)
    : await ownGenerator(
        { ...context, random, onProgress: between(0, trainingShare) },
        { data: options.data, ...options.training },
      );
  const shape = generator.codeShape;
  const drawn = random.fork('candidates').fillNormal(new Float32Array(candidates * sizeOf(shape)));
  const codes = float32(drawn, [candidates, ...shape]);
  const one = await headBehind(generator, context, 1);
  const iterations = options.iterations ?? latentSteps(cost(one).macs);
  /** Pictures of the codes that explain what was seen, looked at in this way. */
  const explainer = async (look: Look) => {
    const looking = {
      ...context,
      head: (n: number) => context.head(n, look),
      view: { ...context.view, likelihood: look.likelihood },
    };
    const single = await headBehind(generator, looking, 1);
    const batch = options.batch ?? batchThatFits(single, context.memoryBytes);
    const behind = await headBehind(generator, looking, batch);
    return async (seen: Tensors, onProgress?: (done: number) => void, steps = iterations) => {
      const found = await searchCodes({
        context: { ...looking, observed: seen, count: Object.values(seen)[0]!.shape[0]! },
        generator,
        solver: lbfgsSolver,
        starts: pickRows(codes, await nearestCodes(engine, behind, codes, seen, restarts, signal)),
        iterations: steps,
        trialIterations: Math.ceil(steps / 6),
        normal: true,
        batch,
        onProgress,
      });
      return { ...found, pictures: await picturesOf(generator, found.codes, context) };
    };
  };
  const { look, explain } = await bestLook(context, explainer, Math.ceil(iterations / 2));
  const found = await explain(observed, between(trainingShare, searchShare));
  const parameters = {
    generator: options.generator ? options.generator.graph.name : `autoencoder ${options.data}`,
    code: sizeOf(shape),
    candidates,
    beginnings: restarts,
    residual: found.residual,
    ...(look.name !== 'law' && { look: look.name }),
  };
  const missed = found.missed && { missed: found.missed };
  const training = options.generator ? {} : { epochs: trainingOf(context, options).epochs };
  const budgets = { iterations, restarts, ...training };
  const most = { iterations: latentSteps(cost(one).macs), restarts: usualRestarts };
  const usual = usualAbove(
    { ...options, ...training },
    { ...most, ...(!options.generator && { epochs: trainingOf(context, { data: options.data }).epochs }) },
  );
  const told = { parameters, budgets, ...usual };
  if (!release) return { pictures: found.pictures, iterations: found.iterations, ...told, ...missed };
  const released = await descend(
    { ...context, random: context.random.fork('latent release'), onProgress: between(searchShare, 1) },
    // The attacker's own pictures, on which the prior is chosen, begin at what the generator makes of them too.
    { ...release, start: async (seen) => (seen === observed ? found : await explain(seen)).pictures },
  );
  return {
    pictures: released.pictures,
    iterations: found.iterations + released.iterations,
    ...told,
    parameters: { ...parameters, ...released.parameters },
    ...(released.missed && { missed: released.missed }),
  };
}

type Explain = (
  seen: Tensors,
  onProgress?: (done: number) => void,
  steps?: number,
) => Promise<FoundCodes & { readonly pictures: Tensor }>;

/** Own pictures that the ways of looking at a mechanism are tried on. */
const triedPictures = 6;
/** What trying so many looks costs, in victims: each is tried for half the steps. */
export const latentTrials = (looks: number): number => (looks > 1 ? (looks * triedPictures) / 2 : 0);

/** The way of looking whose pictures are most like the attacker's own: the first, where there is one alone. */
async function bestLook(
  context: WhiteBoxContext,
  explainer: (look: Look) => Promise<Explain>,
  steps: number,
): Promise<{ readonly look: Look; readonly explain: Explain }> {
  const looks = await looksAt(context);
  if (looks.length === 1) return { look: looks[0]!, explain: await explainer(looks[0]!) };
  const truth = await context.examples.pictures(0, triedPictures);
  const seen = await context.examples.seen(0, triedPictures);
  const tried: { readonly look: Look; readonly explain: Explain; readonly score: number }[] = [];
  for (const look of looks) {
    const explain = await explainer(look);
    const { pictures } = await explain(seen, undefined, steps);
    const stops = Array.from({ length: triedPictures }, () => 'limit' as const);
    const { ssim } = likeness(truth, { pictures, stops }, context.preprocessing);
    tried.push({ look, explain, score: ssim.reduce((a, b) => a + b, 0) });
  }
  return tried.reduce((a, b) => (b.score > a.score ? b : a));
}

/**
 * The learned prior: the code of a generator whose picture has the features that were observed (Bora et al. 2017). White-box.
 * Codes are taken to be standard normal, as those of most generators are, and of those that `cutline train autoencoder`
 * writes. Where no generator is given, an autoencoder is trained on pictures of the attacker's own.
 */
import { cost, float32, type Graph, sizeOf, type Tensors } from '../../model/index.ts';
import type { AttackerData, Reconstruction, WhiteBoxAttack, WhiteBoxContext } from './attack.ts';
import { headBehind } from './generator/behind.ts';
import { fittingGenerator, type PixelScale } from './generator/fitting.ts';
import { nearestCodes } from './generator/nearest.ts';
import { type OwnGenerator, ownGenerator, ownTraining } from './generator/own.ts';
import { picturesOf, searchCodes } from './generator/search.ts';
import { descend, type RmleOptions } from './rmle.ts';
import { pickRows } from './rows.ts';
import { batchThatFits } from './solvers/chunked.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';
import { stepsWithin } from './steps.ts';

export interface GivenGenerator {
  /** One float32 input [n, …], one output: pictures [n, …]. */
  readonly graph: Graph;
  /** Of the pixels it makes. Default: it makes network inputs. */
  readonly scale?: PixelScale | undefined;
}

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

/** Share of the time that an own generator's training is expected to take. */
function expectedTraining(
  { preprocessing, available, count }: WhiteBoxContext,
  { data, training, release }: LatentOptions,
) {
  const pictures = training?.pictures ?? Math.min(10_000, available(data));
  const { macs, epochs } = ownTraining(preprocessing, pictures);
  const learning = 3 * macs * pictures * (training?.epochs ?? epochs);
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
  const { candidates = 512, restarts = 3, release } = options;
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
  const batch = options.batch ?? batchThatFits(one, context.memoryBytes);
  const iterations = options.iterations ?? latentSteps(cost(one).macs);
  const behind = await headBehind(generator, context, batch);
  /** Pictures of the codes that explain what was seen. */
  const explain = async (seen: Tensors, onProgress?: (done: number) => void) => {
    const found = await searchCodes({
      context: { ...context, observed: seen, count: Object.values(seen)[0]!.shape[0]! },
      generator,
      solver: lbfgsSolver,
      starts: pickRows(codes, await nearestCodes(engine, behind, codes, seen, restarts, signal)),
      iterations,
      trialIterations: Math.ceil(iterations / 6),
      normal: true,
      batch,
      onProgress,
    });
    return { ...found, pictures: await picturesOf(generator, found.codes, context) };
  };
  const found = await explain(observed, between(trainingShare, searchShare));
  const parameters = {
    generator: options.generator ? options.generator.graph.name : `autoencoder ${options.data}`,
    code: sizeOf(shape),
    candidates,
    beginnings: restarts,
    residual: found.residual,
  };
  const missed = found.missed && { missed: found.missed };
  const budgets = { iterations, restarts };
  if (!release) return { pictures: found.pictures, iterations: found.iterations, parameters, budgets, ...missed };
  const released = await descend(
    { ...context, random: context.random.fork('latent release'), onProgress: between(searchShare, 1) },
    // The attacker's own pictures, on which the prior is chosen, begin at what the generator makes of them too.
    { ...release, start: async (seen) => (seen === observed ? found : await explain(seen)).pictures },
  );
  return {
    pictures: released.pictures,
    iterations: found.iterations + released.iterations,
    parameters: { ...parameters, ...released.parameters },
    budgets,
    ...(released.missed && { missed: released.missed }),
  };
}

/**
 * The untrained prior (Ulyanov et al. 2018): instead of pixels, the weights of a small decoder are optimised, since what such
 * a network makes easily is more like a picture than like noise. White-box; it needs no picture at all. The decoder is the
 * deep decoder of Heckel & Hand (2019), too small to fit noise. Each victim has its own weights.
 */
import { inputShape } from '../../data/index.ts';
import { asFloat32, float32, sizeOf } from '../../model/index.ts';
import { type Reconstruction, usualAbove, type WhiteBoxAttack, type WhiteBoxContext } from './attack.ts';
import { type DeepDecoderSize, deepDecoder, deepDecoderSize } from './generator/deep-decoder.ts';
import { picturesOf, searchCodes } from './generator/search.ts';
import { adamSolver } from './solvers/adam-solver.ts';
import { lbfgsSolver } from './solvers/lbfgs-solver.ts';

export interface DeepPriorOptions {
  readonly solver?: 'lbfgs' | 'adam' | undefined;
  /** Steps at most; it ends when no victim gains. Default 300, for Adam 3000. */
  readonly iterations?: number | undefined;
  /** Adam only. Default 0.01. */
  readonly learningRate?: number | undefined;
  /** Of the decoder; default by the size of the picture. */
  readonly size?: DeepDecoderSize | undefined;
  /** Beginnings of each victim. Default 2. */
  readonly restarts?: number | undefined;
  /** Victims attacked together. Default what fits in memory. */
  readonly batch?: number | undefined;
}

export const deepPriorSteps = { lbfgs: 300, adam: 3000 } as const;
const usualRestarts = 2;

export function deepPrior(options: DeepPriorOptions = {}): WhiteBoxAttack {
  return { name: 'deep-prior', threat: 'white-box', run: (context) => run(context, options) };
}

async function run(context: WhiteBoxContext, options: DeepPriorOptions): Promise<Reconstruction> {
  const { solver = 'lbfgs', restarts = usualRestarts, learningRate = 0.01 } = options;
  const { preprocessing, count } = context;
  const iterations = options.iterations ?? deepPriorSteps[solver];
  const size = options.size ?? deepDecoderSize(preprocessing);
  const random = context.random.fork('deep-prior');
  const decoder = deepDecoder(preprocessing, size, random.fork('code'), context.engine);
  const length = sizeOf(decoder.codeShape);
  const starts = new Float32Array(count * restarts * length);
  for (let r = 0; r < restarts; r++) {
    // Every victim begins with the same weights, whoever is beside it.
    const weights = decoder.start(random.fork(`start ${r}`));
    for (let v = 0; v < count; v++) starts.set(weights, (v * restarts + r) * length);
  }
  const found = await searchCodes({
    context,
    generator: decoder,
    solver: solver === 'adam' ? adamSolver(learningRate) : lbfgsSolver,
    starts: float32(starts, [count * restarts, ...decoder.codeShape]),
    iterations,
    trialIterations: Math.ceil(iterations / 6),
    normal: false,
    batch: options.batch,
    onProgress: context.onProgress,
  });
  const pictures = await picturesOf(decoder, found.codes, context);
  return {
    pictures: float32(asFloat32(pictures), inputShape(count, preprocessing)),
    iterations: found.iterations,
    budgets: { iterations, restarts },
    ...usualAbove(options, { iterations: deepPriorSteps[solver], restarts: usualRestarts }),
    parameters: { solver, width: size.width, doublings: size.doublings, restarts, residual: found.residual },
    ...(found.missed && { missed: found.missed }),
  };
}

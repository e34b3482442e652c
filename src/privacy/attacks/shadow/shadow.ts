/**
 * The shadow model of He et al. (2019, §6): who can neither read nor ask the head trains one of his own until the tail, which
 * he holds, is content with it, and inverts that. Query-free.
 */
import { cost, type Tensor } from '../../../model/index.ts';
import {
  type AttackerData,
  type QueryFreeAttack,
  type QueryFreeContext,
  type Reconstruction,
  usualAbove,
} from '../attack.ts';
import type { DecoderSize } from '../decoder/residual.ts';
import { ownAnswers } from '../head/answers.ts';
import type { HeadOf, HeadStructure } from '../head/fresh.ts';
import { learnAndApply } from '../inverse-network.ts';
import { descend } from '../rmle.ts';
import { stepsWithin } from '../steps.ts';
import { bestShadow } from './contest.ts';
import { invertShadow } from './invert.ts';
import { lessonFor } from './lesson.ts';

/** How the shadow is inverted: by a decoder that learns from its answers, or by descending to what was observed. */
export const shadowInversions = ['decoder', 'rmle'] as const;
export type ShadowInversion = (typeof shadowInversions)[number];

/** `moments`: the shadow's activations shall be distributed as those that the cloud has seen. */
export const alignments = ['none', 'moments'] as const;
export type Alignment = (typeof alignments)[number];

export interface ShadowOptions {
  readonly data: AttackerData;
  readonly structure: HeadStructure;
  readonly alignment: Alignment;
  readonly inversion: ShadowInversion;
  /** How many are begun, of which the one goes on that fits best what can be seen. Default 4. */
  readonly shadows?: number | undefined;
  /** Labelled pictures to learn from. Default 10 000, or as many as there are. */
  readonly pictures?: number | undefined;
  /** Of the shadow that goes on. Default: as many as cost about what a decoder's training costs. */
  readonly epochs?: number | undefined;
  /** Epochs of the decoder, or steps of rMLE. Default by what an epoch or a step costs. */
  readonly iterations?: number | undefined;
  /** Of rMLE: total variation instead of the statistics of pictures, with Adam, as published; λ was 2 there. */
  readonly lambdaTv?: number | undefined;
  /** Of the decoder; default as large as a budget of multiplications allows. */
  readonly size?: DecoderSize | undefined;
  /** Id of the cut: it selects what was published. */
  readonly cut: string;
}

export const defaultPictures = 10_000;
export const defaultShadows = 4;
/** Pictures whose statistics are believed. */
const taught = 1000;
/** Share of the time that the shadows' training is expected to take. */
const trainingShare = 0.6;
/** As published, but for λ. */
const published = { solver: 'adam', learningRate: 0.1, lambdaL2: 0 } as const;
const publishedSteps = 500;

/** Multiplications and additions of one descent as published. For 100 victims some 60 seconds of a core, reckoned, not measured. */
const stepBudget = 2.5e10;
const fewestSteps = 100;

export function shadow(options: ShadowOptions): QueryFreeAttack {
  return { name: 'shadow', threat: 'query-free', run: (context) => run(context, options) };
}

/** The inverse of a shadow is told by its own steps; its epochs are those of the decoder, where that is what inverts it. */
function usualOf({ usual }: Reconstruction, { epochs, shadows }: ShadowOptions, usualEpochs: number) {
  const own = usualAbove({ epochs, shadows }, { epochs: usualEpochs, shadows: defaultShadows }).usual;
  return (usual || own) && { usual: { ...usual, ...own } };
}

type Owned = Awaited<ReturnType<QueryFreeContext['labelled']>>;

async function run(context: QueryFreeContext, options: ShadowOptions): Promise<Reconstruction> {
  const { cut, data, structure, alignment, inversion } = options;
  const random = context.random.fork('shadow');
  const owned = await context.labelled(data);
  const count = Math.min(options.pictures ?? defaultPictures, owned.count);
  const labelled = { ...owned, count };
  const weight = alignment === 'none' ? 0 : 1;
  const lesson = await lessonFor(context, { structure, cut, labelled, alignment: weight, random });
  const champion = await bestShadow(context, lesson, {
    shadows: options.shadows ?? defaultShadows,
    epochs: options.epochs,
    random,
    onProgress: (done) => context.onProgress?.(done * trainingShare),
  });
  const own = {
    ...context,
    random: random.fork('inversion'),
    onProgress: (done: number) => context.onProgress?.(trainingShare + (1 - trainingShare) * done),
  };
  const found = await inverted(own, champion.head, labelled, options);
  return {
    ...found,
    budgets: { ...found.budgets, epochs: champion.epochs, shadows: champion.misfits.length },
    ...usualOf(found, options, champion.usualEpochs),
    parameters: {
      structure,
      alignment,
      inversion,
      data,
      pictures: count,
      shadows: champion.misfits.length,
      shadowEpochs: champion.epochs,
      shadowAccuracy: champion.accuracy,
      shadowMisfit: champion.misfit,
      bestMisfitTried: champion.misfits[0]!,
      worstMisfitTried: champion.misfits.at(-1)!,
      ...found.parameters,
    },
  };
}

async function inverted(
  context: QueryFreeContext,
  head: HeadOf,
  owned: Owned,
  { cut, data, inversion, iterations, lambdaTv, size }: ShadowOptions,
): Promise<Reconstruction> {
  const { random } = context;
  if (inversion === 'decoder') {
    const rows = async (indices: ArrayLike<number>) => {
      const { inputs } = await owned.rows(indices);
      return { inputs, features: await ownAnswers(context, head, inputs, (i) => random.fork(`answer ${indices[i]}`)) };
    };
    const pairs = { count: owned.count, rows };
    return learnAndApply(context, pairs, { cut, data, decoder: 'residual', loss: 'mse', epochs: iterations, size });
  }
  const some = async (n: number, first = 0): Promise<Tensor> =>
    (await owned.rows(Int32Array.from({ length: Math.min(n, owned.count - first) }, (_, i) => first + i))).inputs;
  if (lambdaTv === undefined) {
    const { traffic } = context;
    return invertShadow({ context: { ...context, head }, traffic, pictures: await some(taught), iterations });
  }
  const { macs } = cost(await head(1));
  const steps = iterations ?? stepsWithin(stepBudget, macs, [fewestSteps, publishedSteps]);
  // No search: one on the shadow's own answers would trust it too much.
  const examples = {
    count: owned.count,
    unlearnt: owned.count,
    pictures: (first: number, n: number) => some(n, first),
    seen: async (first: number, n: number) =>
      ownAnswers(context, head, await some(n, first), (i) => random.fork(`example ${first + i}`)),
  };
  return descend({ ...context, head, examples }, { ...published, iterations: steps, lambdaTv, cut });
}

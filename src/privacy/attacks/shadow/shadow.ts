/**
 * The shadow model of He et al. (2019, §6): who can neither read nor ask the head trains one of his own until the tail, which
 * he holds, is content with it, and inverts that. Query-free.
 */
import { cost } from '../../../model/index.ts';
import type { AttackerData, QueryFreeAttack, QueryFreeContext, Reconstruction } from '../attack.ts';
import type { DecoderSize } from '../decoder/residual.ts';
import { learnAndApply } from '../inverse-network.ts';
import { descend } from '../rmle.ts';
import { stepsWithin } from '../steps.ts';
import { shadowAnswers } from './answers.ts';
import { fitShadow } from './fit.ts';
import type { ShadowStructure } from './head.ts';

/** How the shadow is inverted: by a decoder that learns from its answers, or by descending to what was observed. */
export const shadowInversions = ['decoder', 'rmle'] as const;
export type ShadowInversion = (typeof shadowInversions)[number];

/** `moments`: the shadow's activations shall be distributed as those that the cloud has seen. */
export const alignments = ['none', 'moments'] as const;
export type Alignment = (typeof alignments)[number];

export interface ShadowOptions {
  readonly data: AttackerData;
  readonly structure: ShadowStructure;
  readonly alignment: Alignment;
  readonly inversion: ShadowInversion;
  /** Labelled pictures to learn from. Default 10 000, or as many as there are. */
  readonly pictures?: number | undefined;
  /** Of the shadow. Default: as many as cost about what a decoder's training costs. */
  readonly epochs?: number | undefined;
  /** Epochs of the decoder, or steps of rMLE. Default by the number of pictures; 500 as published, or fewer where a step is dear. */
  readonly iterations?: number | undefined;
  /** Of rMLE. Default 0.2; published was 2. */
  readonly lambdaTv?: number | undefined;
  /** Of the decoder; default as large as a budget of multiplications allows. */
  readonly size?: DecoderSize | undefined;
  /** Id of the cut: it selects what was published. */
  readonly cut: string;
}

export const defaultPictures = 10_000;
/** Share of the time that the shadow's training is expected to take. */
const trainingShare = 0.5;
/**
 * As published, but for λ, which was 2: a tenth keeps what alignment gains. No search, since one on the shadow's own answers
 * would trust it too much.
 */
const descent = { solver: 'adam', iterations: 500, learningRate: 0.1, lambdaTv: 0.2, lambdaL2: 0 } as const;

/** Steps of the descent, by what one costs. */
export const shadowSteps = (headMacs: number): number =>
  stepsWithin(stepBudget, headMacs, [fewestSteps, descent.iterations]);

/** Multiplications and additions of one descent. For 100 victims some 60 seconds of a core, reckoned, not measured. */
const stepBudget = 2.5e10;
const fewestSteps = 100;

export function shadow(options: ShadowOptions): QueryFreeAttack {
  return { name: 'shadow', threat: 'query-free', run: (context) => run(context, options) };
}

async function run(context: QueryFreeContext, options: ShadowOptions): Promise<Reconstruction> {
  const { cut, data, structure, alignment, inversion } = options;
  const random = context.random.fork('shadow');
  const owned = await context.labelled(data);
  const count = Math.min(options.pictures ?? defaultPictures, owned.count);
  const fitted = await fitShadow(context, {
    structure,
    cut,
    labelled: { ...owned, count },
    alignment: alignment === 'none' ? 0 : 1,
    epochs: options.epochs,
    random,
    onProgress: (done) => context.onProgress?.(done * trainingShare),
  });
  const { head } = fitted;
  const own = {
    ...context,
    random: random.fork('inversion'),
    onProgress: (done: number) => context.onProgress?.(trainingShare + (1 - trainingShare) * done),
  };
  const rows = async (indices: ArrayLike<number>) => {
    const { inputs } = await owned.rows(indices);
    return { inputs, features: await shadowAnswers(context, head, inputs, (i) => random.fork(`answer ${indices[i]}`)) };
  };
  const found =
    inversion === 'decoder'
      ? await learnAndApply(
          own,
          { count, rows },
          {
            cut,
            data,
            decoder: 'residual',
            loss: 'mse',
            epochs: options.iterations,
            size: options.size,
          },
        )
      : await descend(
          {
            ...own,
            head,
            otherPictures: async (n) => (await owned.rows(Int32Array.from({ length: n }, (_, i) => i))).inputs,
            simulate: (inputs) => shadowAnswers(context, head, inputs, (i) => random.fork(`simulation ${i}`)),
          },
          {
            ...descent,
            iterations: options.iterations ?? shadowSteps(cost(await head(1)).macs),
            lambdaTv: options.lambdaTv ?? descent.lambdaTv,
            cut,
          },
        );
  return {
    ...found,
    parameters: {
      structure,
      alignment,
      inversion,
      data,
      pictures: count,
      shadowEpochs: fitted.epochs,
      shadowAccuracy: fitted.accuracy.after,
      ...found.parameters,
    },
  };
}

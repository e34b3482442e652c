/**
 * The inverse network of He et al. (2019, §5): a decoder trained on pictures and what the device makes of them. Black-box.
 * It learns through the defense, since what it learns from has passed it.
 */

import type { Graph } from '../../model/index.ts';
import {
  type AttackContext,
  type AttackerData,
  type BlackBoxAttack,
  type BlackBoxContext,
  type Budgets,
  type Reconstruction,
  usualAbove,
} from './attack.ts';
import { bestContrast, drawingApart } from './contrast.ts';
import { type DecoderKind, untrainedDecoder } from './decoder/choose.ts';
import type { LossName } from './decoder/criterion.ts';
import { fitDecoder } from './decoder/fit.ts';
import { fittingDecoder } from './decoder/fitting.ts';
import { trainingPlan } from './decoder/plan.ts';
import type { DecoderSize } from './decoder/residual.ts';
import { keptAside, learntFrom, type Pairs, rowsAside } from './pairs.ts';
import { applyRows } from './rows.ts';

export interface InverseNetworkOptions {
  /** Pictures the device is asked about. Default 3000, or as many as there are. */
  readonly queries?: number | undefined;
  readonly data: AttackerData;
  readonly decoder: DecoderKind;
  readonly loss: LossName;
  /** Of a residual decoder; default as large as a budget of multiplications allows. */
  readonly size?: DecoderSize | undefined;
  /** Default by the number of queries. */
  readonly epochs?: number | undefined;
  /** Trained before, batch symbolic: nothing is asked and nothing is learnt. */
  readonly trained?: Graph | undefined;
  /** Id of the cut: it selects what was published. */
  readonly cut: string;
}

/** Or as many as there are. */
export const defaultQueries = 3000;
const fewestQueries = 16;
/** Pictures that the contrast is tried on. */
const mostTried = 64;

export function inverseNetwork(options: InverseNetworkOptions): BlackBoxAttack {
  return { name: 'inverse-network', threat: 'black-box', run: (context) => run(context, options) };
}

/** Pictures that the device is asked about. Fewer make neither a batch nor a validation. */
export function queriesOf(
  context: BlackBoxContext,
  { queries, data }: Pick<InverseNetworkOptions, 'queries' | 'data'>,
): number {
  return Math.max(queries ?? Math.min(defaultQueries, context.available(data)), fewestQueries);
}

async function run(context: BlackBoxContext, options: InverseNetworkOptions): Promise<Reconstruction> {
  if (options.trained) return apply(context, options.trained, options.cut);
  const pairs = await context.pairs(queriesOf(context, options), options.data);
  const found = await learnAndApply(context, pairs, options);
  const asked = askedFor(context, pairs.count, options.data, found.budgets);
  return { ...found, ...asked, ...usualAsking(context, options, found.usual) };
}

/** Beside the other usual budgets, how many pictures would have been asked about. */
export function usualAsking(
  context: BlackBoxContext,
  { queries, data }: Pick<InverseNetworkOptions, 'queries' | 'data'>,
  others: Budgets = {},
): Pick<Reconstruction, 'usual'> {
  const { usual } = usualAbove({ queries }, { queries: queriesOf(context, { queries: undefined, data }) });
  const all = { ...others, ...usual };
  return Object.keys(all).length > 0 ? { usual: all } : {};
}

/** What a reconstruction tells of the questions it was made with. */
export function askedFor(
  context: BlackBoxContext,
  queries: number,
  data: AttackerData,
  budgets: Budgets,
): Pick<Reconstruction, 'queries' | 'budgets' | 'exhausted'> {
  return {
    queries,
    budgets: { ...budgets, queries },
    ...(queries >= context.available(data) && { exhausted: true }),
  };
}

async function apply(context: BlackBoxContext, trained: Graph, cut: string): Promise<Reconstruction> {
  const { engine, observed, signal } = context;
  const decoder = fittingDecoder(trained, cut, observed, context.preprocessing);
  const pictures = await applyRows(engine, decoder, observed, signal);
  context.onProgress?.(1);
  return { pictures, iterations: 0, queries: 0, parameters: { decoder: trained.name }, budgets: {}, decoder };
}

/** Trains a decoder on pairs, whoever answered, and shows it what was observed. */
export async function learnAndApply(
  context: AttackContext,
  pairs: Pairs,
  options: Omit<InverseNetworkOptions, 'queries'>,
): Promise<Reconstruction> {
  const { engine, preprocessing, observed, signal } = context;
  const random = context.random.fork('inverse-network').fork(`${options.data} ${pairs.count}`);
  const decoder = await untrainedDecoder(engine, options, observed, learntFrom(pairs), preprocessing, random, signal);
  const plan = trainingPlan(options.decoder, pairs.count, options.epochs);
  const fitted = await fitDecoder(engine, decoder, pairs, preprocessing, {
    ...plan,
    loss: options.loss,
    memoryBytes: context.memoryBytes,
    random: random.fork('fit'),
    signal,
    onProgress: context.onProgress,
  });
  // Of the pairs that nobody has learnt from.
  const aside = await rowsAside(pairs, 0, Math.min(mostTried, keptAside(pairs.count)));
  const made = await applyRows(engine, fitted.decoder, aside.features, signal);
  const { gain } = bestContrast(made, aside.inputs, preprocessing);
  const drawn = drawingApart(fitted.decoder, gain, preprocessing);
  context.onProgress?.(1);
  return {
    pictures: await applyRows(engine, drawn, observed, signal),
    iterations: fitted.epochs,
    budgets: { epochs: plan.epochs },
    ...usualAbove(options, { epochs: trainingPlan(options.decoder, pairs.count).epochs }),
    parameters: {
      decoder: options.decoder,
      data: options.data,
      pairs: pairs.count,
      ...((pairs.releases ?? 1) > 1 && { releases: pairs.releases! }),
      loss: options.loss,
      validationPsnr: -10 * Math.log10(Math.max(fitted.validationMse, 1e-15)),
      ...(gain !== 1 && { contrast: gain }),
    },
    decoder: drawn,
  };
}

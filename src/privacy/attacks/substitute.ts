/**
 * Black-box by reconstruction (He et al. 2019, Table 8): who may ask the head learns one of his own from its answers, and
 * inverts that as if it were the device's. Everything is learnt through the defense, and what is believed of pictures, how
 * firmly, and where the descent begins is tried on questions of the attacker's own that nothing has learnt from: there the
 * device has answered, so that what the substitute gets wrong counts.
 */
import type { Tensor } from '../../model/index.ts';
import {
  type AttackerData,
  type BlackBoxAttack,
  type BlackBoxContext,
  type DescentContext,
  type Examples,
  type Reconstruction,
  usualAbove,
} from './attack.ts';
import type { HeadStructure } from './head/fresh.ts';
import { type LearntHead, learnHead } from './head/learn.ts';
import { askedFor, queriesOf, usualAsking } from './inverse-network.ts';
import { keptAside, learntFrom, type Pair, type Pairs } from './pairs.ts';
import { believes, descend, descendWithStatistics, type RmleOptions } from './rmle.ts';
import { applyRows, stacked } from './rows.ts';
import type { Start } from './start.ts';

/** Where the descent begins: at grey, or where an inverse network ended, which then is the centre of what is believed. */
export const substituteInversions = ['auto', 'rmle', 'hybrid'] as const;
export type SubstituteInversion = (typeof substituteInversions)[number];

export interface SubstituteOptions {
  /** Pictures the device is asked about. Default as for the inverse network. */
  readonly queries?: number | undefined;
  readonly data: AttackerData;
  readonly structure: HeadStructure;
  /** `auto`: whichever does better on the attacker's own pictures. */
  readonly inversion: SubstituteInversion;
  /** Of the head; default by what an epoch costs. */
  readonly epochs?: number | undefined;
  /** Of the descent. With total variation instead of the statistics of pictures, `auto` is `rmle`. */
  readonly rmle: Omit<RmleOptions, 'cut'>;
  readonly cut: string;
}

/** Shares of the time that learning the head, and the decoder after it, are expected to take. */
const [headShare, decoderShare] = [0.4, 0.3];

/** @param inverse the attack whose decoder gives a start, from the same questions; run only where it is wanted and has not been run */
export function substitute(inverse: BlackBoxAttack, options: SubstituteOptions): BlackBoxAttack {
  return { name: 'substitute', threat: 'black-box', run: (context) => run(context, inverse, options) };
}

async function run(
  context: BlackBoxContext,
  inverse: BlackBoxAttack,
  options: SubstituteOptions,
): Promise<Reconstruction> {
  const { cut, data, structure } = options;
  const random = context.random.fork('substitute').fork(data);
  const { learnt: pairs, examples, unlearnt, queries } = await questions(context, options);
  const part = (from: number, share: number) => (done: number) => context.onProgress?.(from + share * done);
  const learnt = await learnHead(context, pairs, await rowsFrom(examples, 0, unlearnt), {
    structure,
    cut,
    epochs: options.epochs,
    random: random.fork('head'),
    onProgress: part(0, headShare),
  });
  const inversions = inversionsFor(options, learnt);
  const parent = inversions.includes('hybrid')
    ? await inverse.run({ ...context, onProgress: part(headShare, decoderShare) })
    : undefined;
  const startOf = (inversion: Inversion): Start =>
    inversion === 'rmle' ? 'grey' : (seen) => applyRows(context.engine, parent!.decoder!, seen, context.signal);
  const starts = inversions.map(startOf);
  const descent: DescentContext = {
    ...context,
    head: learnt.head,
    standIn: true,
    examples: examplesOf(examples, unlearnt),
    random: random.fork('descent'),
    onProgress: part(headShare + decoderShare, 1 - headShare - decoderShare),
  };
  const rmle = { ...options.rmle, cut };
  const found = believes(rmle)
    ? await descendWithStatistics(descent, rmle, starts)
    : { ...(await descend(descent, { ...rmle, start: starts[0] })), start: starts[0]! };
  return {
    pictures: found.pictures,
    iterations: found.iterations,
    // A decoder has asked the same questions, but that it keeps noise aside where pictures are kept aside here.
    ...askedFor(context, parent && data === 'gaussian' ? queries + unlearnt : queries, data, {
      epochs: learnt.epochs,
      ...found.budgets,
    }),
    ...usualAsking(context, options, {
      ...(learnt.usualEpochs !== undefined && usualAbove(options, { epochs: learnt.usualEpochs }).usual),
      ...found.usual,
    }),
    parameters: {
      structure: learnt.how === 'least squares' ? learnt.how : structure,
      inversion: inversions[starts.indexOf(found.start)]!,
      data,
      pairs: pairs.count,
      headEpochs: learnt.epochs,
      headUnexplained: learnt.unexplained,
      ...found.parameters,
    },
  };
}

type Inversion = Exclude<SubstituteInversion, 'auto'>;

/** Less than this share unexplained: the head is the device's but for rounding, and no start is better than another. */
const exact = 1e-6;

function inversionsFor({ inversion, rmle }: SubstituteOptions, { unexplained }: LearntHead): Inversion[] {
  if (inversion !== 'auto') return [inversion];
  return unexplained < exact || !believes(rmle) ? ['rmle'] : ['rmle', 'hybrid'];
}

interface Questions {
  readonly learnt: Pairs;
  /** By which a descent is tuned, those first that nothing has learnt from. */
  readonly examples: Pairs;
  readonly unlearnt: number;
  readonly queries: number;
}

/** Who owns no pictures tries on such as a program draws what he has learnt from noise: noise itself says nothing of pictures. */
async function questions(context: BlackBoxContext, options: SubstituteOptions): Promise<Questions> {
  const count = queriesOf(context, options);
  const pairs = await context.pairs(count, options.data);
  const learnt = learntFrom(pairs);
  const unlearnt = keptAside(count);
  if (options.data === 'gaussian')
    return { learnt, examples: await context.pairs(unlearnt, 'synthetic'), unlearnt, queries: count };
  const fromLast = (indices: ArrayLike<number>) => pairs.rows(Int32Array.from(indices, (i) => count - 1 - i));
  return { learnt, examples: { count, rows: fromLast }, unlearnt, queries: count };
}

const rowsFrom = (pairs: Pairs, first: number, count: number): Promise<Pair> =>
  pairs.rows(Int32Array.from({ length: count }, (_, i) => first + i));

const chunk = 50;

/** Questions of one kind in one row: those that nothing has learnt from, and then the others, for their statistics. */
function examplesOf(asked: Pairs, unlearnt: number): Examples {
  return {
    count: asked.count,
    unlearnt,
    async pictures(first, count) {
      const parts: Tensor[] = [];
      // What was answered need not be in memory with them.
      for (let at = 0; at < count; at += chunk)
        parts.push((await rowsFrom(asked, first + at, Math.min(chunk, count - at))).inputs);
      return stacked(parts);
    },
    seen: async (first, count) => (await rowsFrom(asked, first, count)).features,
  };
}

/**
 * What the answer alone gives away. The weakest attacker sees outputs, and owns pictures whose outputs it can ask for: its
 * guess is the mean of those whose answers are most like the one it saw. Whoever serves the answer from the cloud leaks at
 * least that, so it is the floor under every cut, mechanism and code.
 */

import { normalise, type Preprocessing } from '../../data/index.ts';
import type { Tensors } from '../../model/index.ts';
import { argMax } from '../../numeric/index.ts';
import { ssim } from '../metrics/index.ts';
import type { AnswerContext, AnswerOnlyAttack, AttackerData, Reconstruction } from './attack.ts';
import { askedFor } from './inverse-network.ts';
import { AnswerTable, answerBytes } from './own-answers.ts';
import { PictureBytes } from './own-pictures.ts';
import type { Pairs } from './pairs.ts';

export interface AnswerOptions {
  readonly data: AttackerData;
  /** Own pictures, with their answers. Default 10 000, or as many as there are and memory holds. */
  readonly queries?: number | undefined;
}

export const answerQueries = 10_000;
/** Own pictures that play the victim while the number of neighbours is chosen. */
const trials = 100;
/** Pictures are added up this often at the most, in pixels, for one answer. */
const mostPixels = 5e7;
/** Pictures read at a time: so many, or as fit. */
const mostRead = 500;
/** Of the memory: of what is held, and of what is read at a time. */
const [heldShare, readShare] = [1 / 4, 1 / 8];

export function answer(options: AnswerOptions): AnswerOnlyAttack {
  return { name: 'answer', threat: 'answer-only', run: (context) => run(context, options) };
}

/** How many pictures with their answers are held at the most. */
function holding({ observed, preprocessing, memoryBytes }: AnswerContext): number {
  const { channels, height, width } = preprocessing;
  return Math.floor((heldShare * memoryBytes) / (channels * height * width + answerBytes(observed)));
}

async function run(context: AnswerContext, options: AnswerOptions): Promise<Reconstruction> {
  const { observed, count, preprocessing } = context;
  const wanted = options.queries ?? Math.min(answerQueries, context.available(options.data));
  const pairs = await context.pairs(Math.max(2, Math.min(wanted, holding(context))), options.data);
  const own = await tableOf(pairs, context);
  const trial = Math.min(trials, Math.floor(own.count / 4));
  const { pixels } = own.pictures;
  const candidates = neighbourNumbers(own.count - 1, Math.floor(mostPixels / pixels));
  const chosen = chooseNumber(own, trial, candidates, preprocessing);
  const seen = own.answers.rowsOf(observed);
  const unit = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) {
    const order = own.answers.nearest(own.answers.row(i, seen), chosen);
    unit.set(own.pictures.means(order, [chosen])[0]!, i * pixels);
    context.onProgress?.(0.8 + (0.2 * (i + 1)) / count);
  }
  return {
    pictures: normalise(unit, count, preprocessing),
    iterations: 0,
    ...askedFor(context, own.count, options.data, {}),
    parameters: { neighbours: chosen, data: options.data },
  };
}

interface Own {
  readonly count: number;
  readonly pictures: PictureBytes;
  readonly answers: AnswerTable;
}

async function tableOf(pairs: Pairs, context: AnswerContext): Promise<Own> {
  const { observed, preprocessing, memoryBytes } = context;
  const { count } = pairs;
  const pictures = new PictureBytes(count, preprocessing);
  const answers = new AnswerTable(count, observed);
  const read = Math.floor((readShare * memoryBytes) / (4 * pictures.pixels + floatBytes(observed)));
  const block = Math.max(1, Math.min(mostRead, read));
  for (let at = 0; at < count; at += block) {
    const indices = Array.from({ length: Math.min(block, count - at) }, (_, i) => at + i);
    const { inputs, features } = await pairs.rows(indices);
    pictures.put(at, inputs);
    answers.put(at, features);
    context.onProgress?.((0.7 * (at + indices.length)) / count);
  }
  answers.settle();
  return { count, pictures, answers };
}

/** Of one answer, as it comes. */
const floatBytes = (answers: Tensors): number =>
  4 * Object.values(answers).reduce((sum, t) => sum + t.data.length / t.shape[0]!, 0);

/** 1, 2, 4, … and all there are, or as many as there is time for. */
function neighbourNumbers(most: number, affordable: number): number[] {
  const last = Math.max(1, Math.min(most, affordable));
  const numbers: number[] = [];
  for (let k = 1; k < last; k *= 2) numbers.push(k);
  return [...numbers, last];
}

/** The number whose means are most like the pictures they stand for, by leaving each trial out of the table. */
function chooseNumber(
  { pictures, answers }: Own,
  trial: number,
  candidates: readonly number[],
  { channels, height, width }: Preprocessing,
): number {
  if (trial < 2) return candidates.at(-1)!;
  const scores = new Float64Array(candidates.length);
  for (let i = 0; i < trial; i++) {
    const order = answers.nearest(answers.row(i), candidates.at(-1)! + 1).filter((j) => j !== i);
    const one = (data: Float32Array) => ({ count: 1, channels, height, width, data });
    const truth = one(pictures.unit(i, 1));
    for (const [k, mean] of pictures.means(order, candidates).entries()) scores[k]! += ssim(truth, one(mean))[0]!;
  }
  return candidates[argMax(scores)]!;
}

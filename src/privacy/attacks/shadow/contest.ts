/**
 * Shadows differ by decibels, and by their beginnings more than by what they learn: several are begun, and the one goes on
 * that fits best what can be seen.
 */
import type { Random } from '../../../random.ts';
import type { QueryFreeContext } from '../attack.ts';
import { type FittedShadow, fitShadow, picturesWithin } from './fit.ts';
import { type Judgement, judge } from './judge.ts';
import type { Lesson } from './lesson.ts';

export interface Contest {
  /** How many are begun; from 1 on. */
  readonly shadows: number;
  /** Of the one that goes on. Default: as many as cost about what a decoder's training costs, at most 50, as published. */
  readonly epochs?: number | undefined;
  readonly random: Random;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface Champion extends FittedShadow, Judgement {
  /** Misfit of each shadow when the choice was made, the best first. */
  readonly misfits: readonly number[];
  /** Where nobody says how many. */
  readonly usualEpochs: number;
}

/** Each shadow of several learns from so large a share of the pictures before one is chosen. Order among eight was the same later. */
const trialShare = 1 / 4;

/** @throws CutlineError SHADOW_UNFIT, TRAINING_DIVERGED, CANCELLED */
export async function bestShadow(context: QueryFreeContext, lesson: Lesson, contest: Contest): Promise<Champion> {
  const { shadows, random } = contest;
  const usual = await picturesWithin(context, lesson);
  const pictures = contest.epochs ? contest.epochs * lesson.learnt.length : usual;
  const trials = shadows > 1 ? shadows * trialShare : 0;
  const report = (done: number) => contest.onProgress?.(done / (trials + 1));
  const weightsOf = (index: number) => random.fork(`weights ${index}`);
  const tried: { readonly index: number; readonly fitted: FittedShadow; readonly misfit: number }[] = [];
  for (let index = 0; index < shadows && shadows > 1; index++) {
    const fitted = await fitShadow(context, lesson, {
      pictures: Math.ceil(trialShare * pictures),
      weights: weightsOf(index),
      random: random.fork(`trial ${index}`),
      onProgress: (done) => report(trialShare * (index + done)),
    });
    tried.push({ index, fitted, misfit: (await judge(context, lesson, fitted.head)).misfit });
  }
  tried.sort((a, b) => a.misfit - b.misfit);
  const best = tried[0];
  const fitted = await fitShadow(context, lesson, {
    pictures,
    begin: best?.fitted.learned,
    weights: weightsOf(best?.index ?? 0),
    random: random.fork('fit'),
    onProgress: (done) => report(trials + done),
  });
  const judgement = await judge(context, lesson, fitted.head);
  return {
    ...fitted,
    ...judgement,
    misfits: best ? tried.map((t) => t.misfit) : [judgement.misfit],
    usualEpochs: Math.max(1, Math.round(usual / lesson.learnt.length)),
  };
}

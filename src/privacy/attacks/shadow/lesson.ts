/** What all shadows of one attack learn from: a tail, labelled pictures, and what the cloud has seen. */
import { raiseOpset } from '../../../autodiff/index.ts';
import { foldConstants, type Graph } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import type { LabelledPictures, QueryFreeContext } from '../attack.ts';
import { freshHead, type HeadStructure } from '../head/fresh.ts';
import { type SeenTensor, seenTensors } from '../head/generated.ts';
import { picturesThatFit, trainingShare } from '../memory.ts';
import { type ClassAnswer, classAnswer } from './answer.ts';
import { type ClassMeans, classMeansOf } from './class-means.ts';
import { type Elements, elementsOfTraffic } from './elements.ts';

export interface LessonOptions {
  readonly structure: HeadStructure;
  readonly cut: string;
  /** Pictures with labels; the first `count` are learnt from, but for a few kept aside. */
  readonly labelled: { readonly count: number; rows(indices: ArrayLike<number>): Promise<LabelledPictures> };
  /** Weight of the moments beside the doubt of the tail; 0 for none. */
  readonly alignment: number;
  readonly random: Random;
}

export interface Lesson extends LessonOptions {
  /** Indices of the pictures that are learnt from. */
  readonly learnt: Int32Array;
  /** Pictures that no shadow learns from: all are judged by the same. */
  readonly kept: LabelledPictures;
  /** Pictures of a step. */
  readonly batch: number;
  /** The tail for a batch. */
  readonly answer: ClassAnswer;
  readonly opsets: Graph['opsets'];
  readonly tensors: readonly SeenTensor[];
  /** Of what the cloud has seen of each tensor. */
  readonly traffic: ReadonlyMap<string, Elements>;
  readonly classes: ReadonlyMap<string, ClassMeans>;
}

const batchSize = 32;
/** One in ten is kept aside, at most. */
const mostKept = 256;
/** Rows by which it is told whether an activation is ever below zero. */
const looked = 50;

/** @throws CutlineError SHADOW_UNFIT when there is nothing to learn from */
export async function lessonFor(context: QueryFreeContext, options: LessonOptions): Promise<Lesson> {
  const { engine, traffic, memoryBytes, signal } = context;
  const { labelled, cut, structure, random } = options;
  const aside = Math.min(mostKept, Math.ceil(labelled.count / 10));
  const order = random.fork('validation').permutation(labelled.count);
  const learnt = order.slice(aside);
  const raisedTail = async (n: number) => raiseOpset(await foldConstants(await context.tail(n), engine));
  const one = await raisedTail(1);
  const { opsets } = classAnswer(one, cut).tail;
  const tensors = seenTensors(await traffic.rows(0, Math.min(looked, traffic.count)));
  const fresh = await freshHead(context, { structure, cut, seen: tensors, opsets, random });
  const graphs = [await fresh(1), one];
  const batch = picturesThatFit({ graphs }, trainingShare * memoryBytes, Math.min(batchSize, learnt.length));
  const answer = classAnswer(await raisedTail(batch), cut);
  return {
    ...options,
    learnt,
    kept: await labelled.rows(order.slice(0, aside)),
    batch,
    answer,
    opsets,
    tensors,
    traffic: await elementsOfTraffic(traffic),
    classes: await classMeansOf(engine, traffic, answer, signal),
  };
}

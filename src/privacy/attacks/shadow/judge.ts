/** How good a shadow is, as far as its maker can see: by what the tail makes of it, and by what the cloud has seen. */

import { asFloat32, type Graph, type Tensor } from '../../../model/index.ts';
import { agreements, argMaxRows } from '../../../numeric/index.ts';
import type { QueryFreeContext } from '../attack.ts';
import { ownAnswers } from '../head/answers.ts';
import type { HeadOf } from '../head/fresh.ts';
import { runGraph } from '../rows.ts';
import type { ClassAnswer } from './answer.ts';
import { classMeansOfRows, classUnlikeness } from './class-means.ts';
import { elementsOf, unlikeness } from './elements.ts';
import type { Lesson } from './lesson.ts';

export interface Judgement {
  /** Of shadow and tail on pictures that no shadow has learnt from, 0 … 1. */
  readonly accuracy: number;
  /** Mean loss of the tail about their labels, in nats. */
  readonly doubt: number;
  /** Of the activations to those seen, in mean and deviation of elements; mean over the tensors of the cut. */
  readonly unlike: number;
  /** The same in the means of each class; 0 where none could be told. */
  readonly classesUnlike: number;
  /** The sum of these, the less the better. */
  readonly misfit: number;
}

export async function judge(context: QueryFreeContext, lesson: Lesson, head: HeadOf): Promise<Judgement> {
  const { engine, signal } = context;
  const { kept, answer, traffic, classes, random } = lesson;
  const own = random.fork('judge');
  const features = await ownAnswers(context, head, kept.inputs, (i) => own.fork(i));
  const [scores] = Object.values(await runGraph(engine, answer.tail, forTail(answer.tail, features), signal));
  const apart = [...traffic].map(([name, seen]) => unlikeness(elementsOf(features[name]!), seen));
  const found = classMeansOfRows(features, kept.labels, answer.classes);
  const byClass = [...classes].map(([name, seen]) => classUnlikeness(found.get(name)!, seen, traffic.get(name)!));
  const [unlike, classesUnlike] = [mean(apart), mean(byClass)];
  const { accuracy, doubt } = examined(scores!, kept.labels, answer.kind);
  return { accuracy, doubt, unlike, classesUnlike, misfit: doubt + unlike + classesUnlike };
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);

const forTail = (tail: Graph, features: Readonly<Record<string, Tensor>>) =>
  Object.fromEntries(tail.inputs.map(({ name }) => [name, features[name]!]));

function examined(scores: Tensor, labels: Int32Array, kind: ClassAnswer['kind']): { accuracy: number; doubt: number } {
  const data = asFloat32(scores);
  const classes = data.length / labels.length;
  let doubt = 0;
  for (const [i, label] of labels.entries()) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    const most = Math.max(...row);
    if (kind === 'softmax') doubt += most + Math.log(row.reduce((sum, v) => sum + Math.exp(v - most), 0)) - row[label]!;
    else doubt += row.reduce((sum, v, k) => sum + softplus(v) - (k === label ? v : 0), 0);
  }
  return {
    accuracy: agreements(argMaxRows(data, labels.length), labels) / labels.length,
    doubt: doubt / labels.length,
  };
}

/** log(1 + eˢ) */
const softplus = (s: number): number => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));

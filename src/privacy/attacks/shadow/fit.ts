/** Trains a shadow: a head that pleases the tail, which stays as it is. */
import { CutlineError } from '../../../errors.ts';
import { compose, cost, float32, type Graph, inferShapes, sizeOf, type Tensor } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { type Block, halving, train } from '../../../training/index.ts';
import type { QueryFreeContext } from '../attack.ts';
import { releasedInput } from '../head/answers.ts';
import { freshHead, type HeadOf, trainable, withWeights } from '../head/fresh.ts';
import { PairEpochs, pictureTable } from '../pair-epochs.ts';
import type { Pairs } from '../pairs.ts';
import { labelInput, withCriterion } from './criterion.ts';
import type { Lesson } from './lesson.ts';
import { momentsOf } from './moments.ts';

export interface FitShadow {
  /** Pictures learnt from in all: some of them once, or all of them again and again. */
  readonly pictures: number;
  /** Weights to begin with; fresh ones when left out. */
  readonly begin?: ReadonlyMap<string, Tensor> | undefined;
  /** Of fresh weights. */
  readonly weights: Random;
  /** Of the order of pictures. */
  readonly random: Random;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface FittedShadow {
  readonly head: HeadOf;
  /** What it has learnt. */
  readonly learned: ReadonlyMap<string, Tensor>;
  readonly epochs: number;
  /** Shadow and tail as they were trained together. */
  readonly network: Graph;
}

/** As published: Adam 1e-3 with AMSGrad and ε 1e-3, the rate halved every tenth of fifty epochs. */
const [learningRate, epsilon, mostEpochs, halvings] = [1e-3, 1e-3, 50, 5];
/** Multiplications of forward passes that a training may cost by default: about those of a residual decoder's. */
const budgetMacs = 6e11;
/** However small the network, there is a price for each step. */
const mostPictures = 60_000;

/** @throws CutlineError SHADOW_UNFIT, TRAINING_DIVERGED, TRAINING_STALLED, CANCELLED */
export async function fitShadow(context: QueryFreeContext, lesson: Lesson, options: FitShadow): Promise<FittedShadow> {
  const { engine, preprocessing, signal, view } = context;
  const { structure, cut, labelled, answer, batch, opsets, tensors } = lesson;
  const { random } = options;
  const fresh = await freshHead(context, { structure, cut, seen: tensors, opsets, random: options.weights });
  const begun = options.begin ?? new Map<string, Tensor>();
  const head = withWeights(await fresh(batch), begun);
  const whole = compose(head, answer.tail);
  const weights = trainable(head);
  if (weights.length === 0) return { head: fresh, learned: begun, epochs: 0, network: whole };
  const { likelihood } = view;
  const noise = likelihood.kind === 'squares' ? likelihood.standardDeviation ** 2 : 0;
  const aligned = lesson.alignment > 0 ? [...lesson.traffic] : [];
  const moments = new Map(
    aligned.map(([name, seen]) => [name, momentsOf(seen, preprocessing, noise, lesson.classes.get(name))]),
  );
  const network = await inferShapes(withCriterion(whole, answer, moments, lesson.alignment, preprocessing), engine);
  const picture = head.inputs[0]!;
  const pairs: Pairs = {
    count: labelled.count,
    async rows(indices) {
      const { inputs, labels } = await labelled.rows(indices);
      const noisy = releasedInput(view, inputs, (row) => random.fork(`noise ${indices[row]}`));
      return { inputs: noisy, features: { [labelInput]: oneHot(labels, answer.classes, cut) } };
    },
  };
  const row = picture.shape.slice(1) as number[];
  const some = lesson.learnt.slice(0, Math.max(batch, Math.min(options.pictures, lesson.learnt.length)));
  const data = new PairEpochs(pairs, some, 4 * (sizeOf(row) + answer.classes), batch, context.memoryBytes);
  const epochs = Math.max(1, Math.round(options.pictures / some.length));
  const trained = new Set(weights);
  const { network: last } = await train(
    engine,
    {
      network,
      tables: {
        [picture.name]: { dtype: 'float32', rowShape: row },
        [labelInput]: { dtype: 'float32', rowShape: [answer.classes] },
      },
      frozen: new Set([...network.initializers.keys()].filter((name) => !trained.has(name))),
      adam: { epsilon },
    },
    async (epoch) => ({
      rows: data.rows,
      blocks: renamed(data, picture.name, (n) => random.fork(`blocks ${epoch}`).permutation(n)),
    }),
    {
      epochs,
      learningRate: halving(learningRate, Math.max(1, Math.ceil(epochs / halvings))),
      random: random.fork('order'),
      signal,
      mustFall: true,
      onProgress: ({ done }) => options.onProgress?.(done),
    },
  );
  const learned = new Map(weights.map((name) => [name, last.initializers.get(name)!]));
  const ready = new Map<number, Promise<Graph>>();
  const headOf: HeadOf = (n) => {
    const known = ready.get(n) ?? fresh(n).then((graph) => withWeights(graph, learned));
    ready.set(n, known);
    return known;
  };
  return { head: headOf, learned, epochs, network: withWeights(whole, learned) };
}

/** Pictures to learn from in all: as many as cost about what a decoder's training costs, each at most fifty times, as published. */
export async function picturesWithin(context: QueryFreeContext, lesson: Lesson): Promise<number> {
  const { structure, cut, answer, batch, opsets, tensors, random, learnt } = lesson;
  const fresh = await freshHead(context, { structure, cut, seen: tensors, opsets, random });
  const macs = cost(compose(await fresh(batch), answer.tail)).macs / batch;
  return learnt.length * shadowEpochs(macs, learnt.length);
}

/** @param macs of shadow and tail for a picture */
export function shadowEpochs(macs: number, pictures: number): number {
  const seen = Math.min(mostPictures, budgetMacs / Math.max(1, macs));
  return Math.min(mostEpochs, Math.max(1, Math.round(seen / pictures)));
}

async function* renamed(data: PairEpochs, picture: string, order: (n: number) => Int32Array): AsyncGenerator<Block> {
  for await (const { [pictureTable]: inputs, ...labels } of data.blocks(order)) yield { ...labels, [picture]: inputs! };
}

function oneHot(labels: Int32Array, classes: number, cut: string): Tensor {
  const data = new Float32Array(labels.length * classes);
  for (const [i, label] of labels.entries()) {
    if (!(label >= 0 && label < classes)) {
      const problem = `the pictures have label ${label}, and the model answers with ${classes} classes`;
      throw new CutlineError('SHADOW_UNFIT', { cut, problem });
    }
    data[i * classes + label] = 1;
  }
  return float32(data, [labels.length, classes]);
}

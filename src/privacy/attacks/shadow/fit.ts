/** Trains a shadow: a head that pleases the tail, which stays as it is. */
import { raiseOpset } from '../../../autodiff/index.ts';
import { CutlineError } from '../../../errors.ts';
import {
  asFloat32,
  compose,
  cost,
  float32,
  foldConstants,
  type Graph,
  inferShapes,
  sizeOf,
  type Tensor,
} from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { type Block, halving, train } from '../../../training/index.ts';
import type { LabelledPictures, QueryFreeContext } from '../attack.ts';
import { PairEpochs, type Pairs, pictureTable } from '../decoder/pairs.ts';
import { picturesThatFit, trainingShare } from '../memory.ts';
import { runRows } from '../rows.ts';
import { classAnswer } from './answer.ts';
import { defended } from './answers.ts';
import { labelInput, withCriterion } from './criterion.ts';
import { freshHead, type HeadOf, type ShadowStructure, trainable, withWeights } from './head.ts';
import { type Moments, momentsOf } from './moments.ts';

export interface FitShadow {
  readonly structure: ShadowStructure;
  readonly cut: string;
  /** Pictures with labels; the first `count` are learnt from, but for a few kept aside. */
  readonly labelled: { readonly count: number; rows(indices: ArrayLike<number>): Promise<LabelledPictures> };
  /** Weight of the moments beside the cross-entropy; 0 for none. */
  readonly alignment: number;
  /** Default: as many as cost about what a decoder's training costs, at most 50, as published. */
  readonly epochs?: number | undefined;
  readonly random: Random;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface FittedShadow {
  readonly head: HeadOf;
  /** Of shadow and tail on pictures that were not learnt from, before and after; 0 … 1. */
  readonly accuracy: { readonly before: number; readonly after: number };
  readonly epochs: number;
  /** Shadow and tail as they were trained together. */
  readonly network: Graph;
}

const batchSize = 32;
/** As published: Adam 1e-3 with AMSGrad and ε 1e-3, the rate halved every tenth of fifty epochs. */
const [learningRate, epsilon, mostEpochs, halvings] = [1e-3, 1e-3, 50, 5];
/** Multiplications of forward passes that a training may cost by default: about those of a residual decoder's. */
const budgetMacs = 6e11;
/** However small the network, there is a price for each step. */
const mostPictures = 60_000;
/** One in ten is kept aside, at most. */
const mostKept = 256;

/** @throws CutlineError SHADOW_UNFIT, TRAINING_DIVERGED, TRAINING_STALLED, CANCELLED */
export async function fitShadow(context: QueryFreeContext, options: FitShadow): Promise<FittedShadow> {
  const { engine, preprocessing, signal, defense, observed } = context;
  const { cut, labelled, random } = options;
  const aside = Math.min(mostKept, Math.ceil(labelled.count / 10));
  const order = random.fork('validation').permutation(labelled.count);
  const [kept, learnt] = [order.slice(0, aside), order.slice(aside)];
  const raisedTail = async (n: number) => raiseOpset(await foldConstants(await context.tail(n), engine));
  const one = await raisedTail(1);
  const { opsets } = classAnswer(one, cut).tail;
  const fresh = await freshHead(context, options.structure, cut, opsets, random.fork('weights'));
  const graphs = [await fresh(1), one];
  const batch = picturesThatFit({ graphs }, trainingShare * context.memoryBytes, Math.min(batchSize, learnt.length));
  const answer = classAnswer(await raisedTail(batch), cut);
  const head = await fresh(batch);
  const whole = compose(head, answer.tail);
  const noiseOf = (label: string, indices: ArrayLike<number>) => (row: number) =>
    random.fork(`${label} ${indices[row]}`);
  const validation = await labelled.rows(kept);
  const seen = defended(defense, 'input', validation.inputs, noiseOf('validation', kept));
  const accuracyOf = async (graph: Graph) =>
    accuracy(
      Object.values(await runRows(engine, graph, { [head.inputs[0]!.name]: seen }, signal))[0]!,
      validation.labels,
    );

  const before = await accuracyOf(whole);
  const weights = trainable(head);
  if (weights.length === 0) {
    return { head: fresh, accuracy: { before, after: before }, epochs: 0, network: whole };
  }
  const moments = options.alignment > 0 ? observedMoments(context) : new Map<string, Moments>();
  const network = await inferShapes(withCriterion(whole, answer, moments, options.alignment, preprocessing), engine);
  const picture = head.inputs[0]!;
  const pairs: Pairs = {
    count: labelled.count,
    async rows(indices) {
      const { inputs, labels } = await labelled.rows(indices);
      const noisy = defended(defense, 'input', inputs, noiseOf('noise', indices));
      return { inputs: noisy, features: { [labelInput]: oneHot(labels, answer.classes, cut) } };
    },
  };
  const row = picture.shape.slice(1) as number[];
  const data = new PairEpochs(pairs, learnt, 4 * (sizeOf(row) + answer.classes), batch, context.memoryBytes);
  const epochs = options.epochs ?? epochsWithin(whole, learnt.length);
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
  const after = await accuracyOf(withWeights(whole, learned));
  return { head: headOf, accuracy: { before, after }, epochs, network: withWeights(whole, learned) };

  function observedMoments({ defense: { law, where } }: QueryFreeContext): Map<string, Moments> {
    const noise = law.kind === 'additive' && where === 'activation' ? law.standardDeviation ** 2 : 0;
    return new Map(Object.entries(observed).map(([name, t]) => [name, momentsOf(t, preprocessing, noise)]));
  }
}

function epochsWithin(network: Graph, rows: number): number {
  const batch = network.inputs[0]!.shape[0] as number;
  return shadowEpochs(cost(network).macs / batch, rows);
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

function accuracy(scores: Tensor, labels: Int32Array): number {
  const data = asFloat32(scores);
  const classes = data.length / labels.length;
  let right = 0;
  for (const [i, label] of labels.entries()) {
    const row = data.subarray(i * classes, (i + 1) * classes);
    if (row.indexOf(Math.max(...row)) === label) right++;
  }
  return right / labels.length;
}

/** The network that is trained: features in, through the code and the tail, and what is wrong with each picture out. */
import { Expressions, type Term } from '../../autodiff/index.ts';
import { type Graph, namesOf, renameReads, sizeOf } from '../../model/index.ts';
import type { Random } from '../../random.ts';
import { Layers } from '../layers.ts';
import type { Extent } from '../similarity.ts';
import { Apprentice, adversaryLoss } from './adversary.ts';
import { type AnswerKind, answerWeights, distanceOf, labelLoss, type OutputPair, sharesOf } from './answers.ts';
import { type CoderSize, writeDecoder, writeEncoder } from './coder.ts';
import { Comparer } from './comparer.ts';
import { roundedApart, roundedThrough } from './rounding.ts';
import type { ChannelScale } from './scale.ts';
import type { CodeShape } from './shape.ts';
import { conditionalEntropy, distanceCorrelation } from './terms.ts';

/** Weights of what is asked of a code beside the answer; 0 leaves a term out. */
export interface Adversary {
  /** A decoder that learns along, and fails. */
  readonly decoder: number;
  /** Conditional entropy of codes given the answer; of networks that choose. */
  readonly entropy: number;
  /** Distance correlation of codes and pictures. */
  readonly correlation: number;
  /** Somebody who learns along to find pictures again by their codes, and fails. */
  readonly reidentification: number;
}

export const noAdversary: Adversary = { decoder: 0, entropy: 0, correlation: 0, reidentification: 0 };

export interface Answer {
  readonly kind: AnswerKind;
  /** By output of the tail, in order: those that are compared. */
  readonly outputs: readonly { readonly name: string; readonly variance: number; readonly shares: boolean }[];
}

export interface NetworkParts {
  readonly batch: number;
  /** Static batch, opset 16 or newer, every shape known, one input. */
  readonly tail: Graph;
  readonly code: CodeShape;
  readonly scale: ChannelScale;
  readonly size: CoderSize;
  readonly answer: Answer;
  readonly adversary: Adversary;
  /** Weight of the cross-entropy of true labels; 0 without. */
  readonly labelWeight: number;
  /** Weight of how well the activation itself comes back. */
  readonly featureWeight: number;
  /** As the decoder that learns along makes them. */
  readonly picture: Extent;
  /** SSIM of what is seen without any code: below it the adversary sees nothing. */
  readonly floor: number;
  readonly random: Random;
}

/** Names of what the network is fed besides the features of a frozen head, which bear the name of the cut's tensor. */
export const tables = {
  /** Pixels 0 … 255 as the head sees them, where it learns too. */
  entry: 'harden:entry',
  /** Pixels 0 … 255, at the adversary's size. */
  picture: 'harden:picture',
  /** Of each channel whether it is sent, [batch, channels]. */
  mask: 'harden:mask',
  /** One-hot, [batch, classes]. */
  label: 'harden:label',
  /** How much say those have who learn along, 0 … 1, [batch, 1]. */
  reversal: 'harden:reversal',
  /** What the undefended model answers. */
  teacher: (output: string): string => `harden:teacher:${output}`,
} as const;

/** Whose weight it is: of encoder or decoder, of those who learn along, or else the network's own. */
export const isCode = (weight: string): boolean => /^code\..*\.(weight|bias)$/.test(weight);
export const isAdversary = (weight: string): boolean => /^adversary\..*\.(weight|bias)$/.test(weight);

/** Of its outputs, all [batch]. The first is what training makes small. */
export const outputs = {
  loss: 'harden:loss',
  distance: 'harden:distance',
  similarity: 'harden:similarity',
  comparison: 'harden:comparison',
} as const;

/** @returns a network of static batch; `inferShapes` has to see it before it is trained */
export function trainingNetwork(parts: NetworkParts): Graph {
  const { batch, tail, code, scale, size, adversary, picture, random } = parts;
  const layers = new Layers(random, tail.opsets);
  const b = layers.graph;
  const g = new Expressions(b);
  const [entry] = tail.inputs;
  // The tail comes after the encoder, whose constants must not take its names.
  for (const name of namesOf(tail)) b.reserve(name);
  const x = b.input(entry!.name, 'float32', [batch, ...code.activation]);
  const mask = b.input(tables.mask, 'float32', [batch, code.channels]);
  const masked = (codes: Term) =>
    g.mul(codes, g.reshape(mask, [batch, code.channels, ...code.shape.slice(1).map(() => 1)]));

  const bounded = writeEncoder(layers, x, code, scale, size);
  const sent = masked(roundedThrough(b, bounded, code.levels));
  const decoded = writeDecoder(layers, sent, code, scale, size);
  for (const [name, tensor] of tail.initializers) b.initializer(tensor, name);
  for (const node of tail.nodes) b.node(renameReads(node, new Map([[entry!.name, decoded]])));

  const pairs = parts.answer.outputs.map(({ name, variance, shares }): OutputPair => {
    const shape = tail.outputs.find((v) => v.name === name)!.shape as readonly number[];
    return { now: name, before: b.input(tables.teacher(name), 'float32', shape), shape, variance, shares };
  });
  const distance = distanceOf(g, parts.answer.kind, pairs);
  let loss = g.mul(distance, answerWeights[parts.answer.kind]);
  const add = (term: Term) => {
    loss = g.add(loss, term);
  };
  if (parts.labelWeight > 0) {
    const { now, shape, shares } = pairs[0]!;
    const label = b.input(tables.label, 'float32', shape);
    add(g.mul(labelLoss(g, now, label, shares), parts.labelWeight));
  }
  if (parts.featureWeight > 0) add(g.mul(activationError(g, x, decoded, parts), parts.featureWeight));
  const ofBatch = (term: Term) => g.expand(g.reshape(term, [1]), [batch]);
  const flat = (term: Term, of: number) => ({ term: g.reshape(term, [batch, of]), n: batch, size: of });
  const codes = () => flat(sent, sizeOf(code.shape));
  if (adversary.entropy > 0) {
    const shares = sharesOf(g, pairs[0]!, 1);
    add(g.mul(ofBatch(conditionalEntropy(g, codes(), shares, code.levels)), adversary.entropy));
  }
  const needsPictures = adversary.decoder > 0 || adversary.correlation > 0 || adversary.reidentification > 0;
  let similarity: Term | undefined;
  let comparison: Term | undefined;
  if (needsPictures) {
    const { channels, height, width } = picture;
    const bytes = b.input(tables.picture, 'uint8', [batch, channels, height, width]);
    const truth = g.mul(b.op('Cast', [bytes], { to: 1 }), 1 / 255);
    const pixels = channels * height * width;
    if (adversary.correlation > 0) {
      add(g.mul(ofBatch(distanceCorrelation(g, codes(), flat(truth, pixels))), adversary.correlation));
    }
    if (adversary.decoder > 0 || adversary.reidentification > 0) {
      const apart = masked(roundedApart(b, bounded, code.levels));
      const reversal = b.input(tables.reversal, 'float32', [batch, 1]);
      // Its value is the code; its cotangent comes back to the encoder turned round, where there is anything left to take: an encoder
      // that went on where nothing is seen would only lead those who learn along astray.
      const turnedWhere = (sees: Term, weight: number) => {
        const turned = g.reshape(g.mul(reversal, g.mul(sees, weight)), [batch, ...code.shape.map(() => 1)]);
        return g.add(apart, g.mul(g.sub(apart, sent), turned));
      };
      if (adversary.decoder > 0) {
        const apprentice = new Apprentice(layers, code.shape, picture);
        const first = adversaryLoss(g, apprentice.see(apart), truth, batch, picture);
        const sees = g.reshape(g.indicator(g.greater(first.similarity, parts.floor)), [batch, 1]);
        const made = adversaryLoss(g, apprentice.see(turnedWhere(sees, adversary.decoder)), truth, batch, picture);
        similarity = made.similarity;
        add(made.loss);
      }
      if (adversary.reidentification > 0) {
        const comparer = new Comparer(layers, code.shape, picture);
        const first = comparer.loss(g, apart, truth, batch);
        const sees = g.reshape(g.indicator(g.less(first, Math.log(batch))), [batch, 1]);
        comparison = comparer.loss(g, turnedWhere(sees, adversary.reidentification), truth, batch);
        add(comparison);
      }
    }
  }
  const give = (name: string, term: Term) => {
    b.op('Identity', [term], {}, name);
    b.output(name, 'float32', [batch]);
  };
  give(outputs.loss, loss);
  give(outputs.distance, distance);
  if (similarity) give(outputs.similarity, similarity);
  if (comparison) give(outputs.comparison, comparison);
  return b.build('harden');
}

/** Mean squared error of the activation in units of its channels' variance, [batch]. */
function activationError(g: Expressions, x: Term, decoded: Term, { batch, code, scale }: NetworkParts): Term {
  const { reading, activation } = code;
  const inverse = scale.deviation.map((d) => 1 / d);
  const last = reading.kind === 'sequence' || (reading.kind === 'map' && reading.order !== 'NCHW');
  const along = reading.kind === 'list' ? activation : last ? [inverse.length] : [inverse.length, 1, 1];
  const apart = g.mul(g.sub(x, decoded), g.tensor({ dtype: 'float32', shape: along, data: inverse }));
  const size = sizeOf(activation);
  return g.mul(g.sum(g.reshape(g.square(apart), [batch, size]), [1]), 1 / size);
}

/** Learns a head from what the device answers: solved for where it is linear, else trained by squared error. Black-box. */

import { Expressions } from '../../../autodiff/index.ts';
import {
  asFloat32,
  cost,
  type Graph,
  GraphBuilder,
  inferShapes,
  meanSquare,
  sizeOf,
  type Tensor,
  type Tensors,
} from '../../../model/index.ts';
import { squaredDistance } from '../../../numeric/index.ts';
import type { Random } from '../../../random.ts';
import { type Block, cosine, train } from '../../../training/index.ts';
import type { AttackContext, KnownStructure } from '../attack.ts';
import { picturesThatFit, trainingShare } from '../memory.ts';
import { PairEpochs, pictureTable } from '../pair-epochs.ts';
import type { Pair, Pairs } from '../pairs.ts';
import { runGraph } from '../rows.ts';
import type { Range } from './first-layer.ts';
import { freshHead, type HeadOf, type HeadStructure, trainable, withWeights } from './fresh.ts';
import { seenTensors } from './generated.ts';
import { linearHead } from './linear.ts';

export interface LearnHead {
  readonly structure: HeadStructure;
  readonly cut: string;
  /** Default: as many as cost about what a decoder's training costs, within limits. */
  readonly epochs?: number | undefined;
  readonly random: Random;
  readonly onProgress?: ((done: number) => void) | undefined;
}

export interface LearntHead {
  readonly head: HeadOf;
  readonly how: 'least squares' | 'training';
  /** Share of the variance of answers to pictures that were not learnt from; the defense's noise is part of it. */
  readonly unexplained: number;
  readonly epochs: number;
  /** Of a training, where nobody says how many; undefined where none was needed. */
  readonly usualEpochs?: number | undefined;
}

/** Of the answers' variance: what is left is rounding. */
const rounding = 1e-6;
/** Less than this share of the noise is no sign of anything but noise. */
const withinNoise = 0.05;

const batchSize = 32;
const learningRate = 2e-3;
/** Multiplications of forward passes that a training may cost by default. */
const budgetMacs = 6e11;
/** However small the head, there is a price for each step; and one epoch is too few for any. */
const mostPictures = 100_000;
const [fewestEpochs, mostEpochs] = [2, 100];

type Context = AttackContext & KnownStructure;

/**
 * @param pairs that are learnt from, all of them
 * @param kept others, by which what was learnt is judged
 * @throws CutlineError SHADOW_UNFIT, TRAINING_DIVERGED, NO_GRADIENT_RULE, MEMORY_BUDGET, CANCELLED
 */
export async function learnHead(context: Context, pairs: Pairs, kept: Pair, options: LearnHead): Promise<LearntHead> {
  const { engine, preprocessing, view, signal } = context;
  const tensors = seenTensors(kept.features);
  const unexplainedBy = async (head: HeadOf) => unexplained(context, head, kept.inputs, kept.features);
  const { likelihood } = view;
  const variance = likelihood.kind === 'squares' ? likelihood.standardDeviation ** 2 : 0;
  const noise = variance / meanSquare(kept.features);
  const noiseOfVariance = variance / variances(kept.features);
  const solved: LearntHead[] = [];
  const [tensor, ...others] = tensors;
  const ranges = tensor && others.length === 0 ? [undefined, ...rangeOf(kept.features[tensor.name]!)] : [];
  for (const range of ranges) {
    const solve = { engine, tensor: tensor!, pairs, picture: preprocessing, noise, range, signal };
    const head = await linearHead(solve);
    if (!head) continue;
    const left = await unexplainedBy(head);
    solved.push({ head, how: 'least squares', unexplained: left, epochs: 0 });
    if (left <= rounding + (1 + withinNoise) * noiseOfVariance) return solved.at(-1)!;
  }
  const { head, epochs, usualEpochs } = await trainHead(context, pairs, kept.features, options);
  const trained: LearntHead = { head, how: 'training', unexplained: await unexplainedBy(head), epochs };
  const best = [trained, ...solved].reduce((a, b) => (b.unexplained < a.unexplained ? b : a));
  // A longer training might have been the best.
  return { ...best, usualEpochs };
}

const fewestAtTop = 8;

/** What a ReLU has cut off below, and a ReLU6 above as well; nothing where values lie on both sides of zero. */
function rangeOf(answers: Tensor): Range[] {
  const values = asFloat32(answers);
  const high = values.reduce((a, b) => Math.max(a, b), 0);
  let zeros = 0;
  let tops = 0;
  for (const v of values) {
    if (v < 0) return [];
    if (v === 0) zeros++;
    else if (v === high) tops++;
  }
  // The greatest value of any other layer is reached once.
  return zeros > 0 ? [{ low: 0, high: tops > fewestAtTop ? high : Infinity }] : [];
}

async function trainHead(
  context: Context,
  pairs: Pairs,
  answers: Tensors,
  { structure, cut, random, ...options }: LearnHead,
): Promise<Pick<LearntHead, 'head' | 'epochs' | 'usualEpochs'>> {
  const { engine, memoryBytes, signal } = context;
  const seen = seenTensors(answers);
  const fresh = await freshHead(context, { structure, cut, seen, random: random.fork('weights') });
  const learnt = pairs.count;
  const scales = new Map(Object.entries(answers).map(([name, t]) => [name, spread(asFloat32(t))]));
  const network = async (n: number) => inferShapes(withCriterion(await fresh(n), scales), engine);
  const one = await fresh(1);
  const weights = trainable(one);
  if (weights.length === 0) return { head: fresh, epochs: 0 };
  const batch = picturesThatFit(
    { graphs: [await network(1)] },
    trainingShare * memoryBytes,
    Math.min(batchSize, learnt),
  );
  const whole = await network(batch);
  const row = one.inputs[0]!.shape.slice(1) as number[];
  const tables = Object.fromEntries([
    [one.inputs[0]!.name, { dtype: 'float32' as const, rowShape: row }],
    ...seen.map(({ name, shape }) => [answerTable(name), { dtype: 'float32' as const, rowShape: shape }] as const),
  ]);
  const bytesPerRow = 4 * (sizeOf(row) + seen.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  const indices = Int32Array.from({ length: learnt }, (_, i) => i);
  const data = new PairEpochs(pairs, indices, bytesPerRow, batch, memoryBytes);
  const usualEpochs = epochsWithin(cost(one).macs, learnt);
  const epochs = options.epochs ?? usualEpochs;
  const trained = new Set(weights);
  const { network: last } = await train(
    engine,
    {
      network: whole,
      tables,
      frozen: new Set([...whole.initializers.keys()].filter((name) => !trained.has(name))),
      adam: { epsilon: 1e-8 },
    },
    async (epoch) => ({
      rows: data.rows,
      blocks: renamed(data, one.inputs[0]!.name, (n) => random.fork(`blocks ${epoch}`).permutation(n)),
    }),
    {
      epochs,
      learningRate: cosine(learningRate),
      random: random.fork('order'),
      signal,
      onProgress: ({ done }) => options.onProgress?.(done),
    },
  );
  const learned = new Map(weights.map((name) => [name, last.initializers.get(name)!]));
  const ready = new Map<number, Promise<Graph>>();
  const head: HeadOf = (n) => {
    const known = ready.get(n) ?? fresh(n).then((graph) => withWeights(graph, learned));
    ready.set(n, known);
    return known;
  };
  return { head, epochs, usualEpochs };
}

const answerTable = (tensor: string): string => `answer:${tensor}`;

/** The head with its squared error [n] as only output, each tensor's as a share of its variance; answers become inputs. */
function withCriterion(head: Graph, scales: ReadonlyMap<string, number>): Graph {
  const b = GraphBuilder.from(head);
  const g = new Expressions(b);
  const errors = head.outputs.map(({ name, shape }) => {
    const dims = shape as readonly number[];
    const answer = b.input(answerTable(name), 'float32', dims);
    const squares = g.sum(g.square(g.sub(name, answer)), dims.map((_, i) => i).slice(1));
    return g.mul(squares, 1 / (sizeOf(dims.slice(1)) * scales.get(name)! * head.outputs.length));
  });
  b.op('Identity', [errors.reduce((sum, e) => g.add(sum, e))], {}, 'learn:loss');
  b.output('learn:loss', 'float32', [head.inputs[0]!.shape[0]!]);
  return b.build(`${head.name}:learn`);
}

async function* renamed(data: PairEpochs, picture: string, order: (n: number) => Int32Array): AsyncGenerator<Block> {
  for await (const { [pictureTable]: inputs, ...features } of data.blocks(order)) {
    const answers = Object.entries(features).map(([name, t]) => [answerTable(name), t] as const);
    yield { ...Object.fromEntries(answers), [picture]: inputs! };
  }
}

function epochsWithin(macs: number, pictures: number): number {
  const affordable = Math.min(mostPictures, budgetMacs / Math.max(1, macs));
  return Math.min(mostEpochs, Math.max(fewestEpochs, Math.round(affordable / pictures)));
}

/** Pictures run at once. */
const chunk = 16;

async function unexplained(
  { engine, signal }: AttackContext,
  head: HeadOf,
  inputs: Tensors[string],
  answers: Tensors,
): Promise<number> {
  const graph = await head(chunk);
  const made = await runGraph(engine, graph, { [graph.inputs[0]!.name]: inputs }, signal);
  let left = 0;
  let all = 0;
  for (const [name, answer] of Object.entries(answers)) {
    const [a, b] = [asFloat32(made[name]), asFloat32(answer)];
    left += squaredDistance(a, b);
    all += b.length * spread(b);
  }
  return left / all;
}

/** Of each tensor, over all of them. */
function variances(tensors: Tensors): number {
  const list = Object.values(tensors).map((t) => asFloat32(t));
  const count = list.reduce((sum, t) => sum + t.length, 0);
  return list.reduce((sum, t) => sum + t.length * spread(t), 0) / count;
}

/** Variance of all values together. */
function spread(values: Float32Array): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return Math.max(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length, Number.MIN_VALUE);
}

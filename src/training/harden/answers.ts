/** What "the same answer" means for a network, and how far one is from it, as a formula. */
import type { Expressions, Term } from '../../autodiff/index.ts';
import { CutlineError } from '../../errors.ts';
import { asFloat32, sizeOf, type Tensor } from '../../model/index.ts';

/**
 * `classes`: scores, of which the greatest counts; `embedding`: a direction; `values`: numbers that matter one by one, such as
 * boxes and maps.
 */
export type AnswerKind = 'classes' | 'embedding' | 'values';

/** From it on a share is a confident choice. */
const confident = 0.3;

/** Guessed from the outputs for some pictures: a row of scores chooses; a row that does not is a direction. */
export function guessKind(outputs: readonly Tensor[], classes: number | undefined): AnswerKind {
  const [first, ...others] = outputs;
  if (!first || others.length > 0 || first.shape.length !== 2 || first.shape[1]! < 2) return 'values';
  const [n, size] = first.shape as [number, number];
  if (classes === size) return 'classes';
  const data = asFloat32(first);
  const shares = areShares(first);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const row = data.subarray(i * size, (i + 1) * size);
    sum += shares ? Math.max(...row) : greatestShare(row);
  }
  return sum / n > confident ? 'classes' : 'embedding';
}

/**
 * @param first of the outputs, for some pictures
 * @throws CutlineError USAGE, CODE_CUT where what is asked for does not fit what the network answers
 */
export function requireAnswer(
  cut: string,
  kind: AnswerKind,
  first: Tensor,
  asked: {
    readonly labels: Int32Array | undefined;
    readonly classes: number | undefined;
    readonly entropy: number;
  },
): void {
  const refuse = (problem: string): never => {
    throw new CutlineError('USAGE', { problem });
  };
  const [, size = 1] = first.shape;
  if (kind === 'classes' && (first.shape.length !== 2 || size < 2))
    refuse(`--answer classes is for networks that answer with a row of scores, and this one's is [${first.shape}].`);
  if (kind !== 'classes' && asked.entropy > 0)
    throw new CutlineError('CODE_CUT', { cut, problem: 'conditional entropy needs a network that chooses' });
  if (!asked.labels) return;
  if (kind !== 'classes') refuse('--labels is for networks that choose a class.');
  // Which label is which class nobody could say.
  const known = asked.classes ?? Math.max(...asked.labels) + 1;
  if (known !== size || asked.labels.some((label) => label < 0 || label >= size))
    refuse(`--labels: the pictures have ${known} labels, and the network chooses among ${size}.`);
}

/** Whether rows are probabilities already. */
export function areShares(output: Tensor): boolean {
  const data = asFloat32(output);
  const size = data.length / output.shape[0]!;
  for (let i = 0; i < data.length; i += size) {
    let sum = 0;
    for (let j = i; j < i + size; j++) {
      if (data[j]! < 0) return false;
      sum += data[j]!;
    }
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

function greatestShare(row: Float32Array): number {
  const most = Math.max(...row);
  let sum = 0;
  for (const v of row) sum += Math.exp(v - most);
  return 1 / sum;
}

/** One output of the network, as it is and as it was. */
export interface OutputPair {
  readonly now: Term;
  readonly before: Term;
  readonly shape: readonly number[];
  /** Of what it was, over the pictures learnt from. */
  readonly variance: number;
  readonly shares: boolean;
}

/** Of the distillation (Hinton et al. 2015). */
export const temperature = 2;

/**
 * How much a distance counts where an adversary is weighed against it: a cosine of .95, a twelfth of the variance and a divergence that
 * leaves six of seven choices are about alike.
 */
export const answerWeights: Readonly<Record<AnswerKind, number>> = { classes: 1, embedding: 5, values: 3 };

/** How far answers are from those before, [batch]; 0 where they are the same. */
export function distanceOf(g: Expressions, kind: AnswerKind, outputs: readonly OutputPair[]): Term {
  const parts = outputs.map((output) => {
    if (kind === 'classes') return divergence(g, output);
    return kind === 'embedding' ? angle(g, output) : error(g, output);
  });
  return parts.reduce((a, b) => g.add(a, b));
}

/** The undefended model's probabilities, softened. */
export function sharesOf(g: Expressions, { before, shares }: Pick<OutputPair, 'before' | 'shares'>, t: number): Term {
  return g.exp(logShares(g, before, shares, t));
}

function logShares(g: Expressions, scores: Term, shares: boolean, t: number): Term {
  const logits = shares ? g.graph.op('Log', [g.add(scores, 1e-7)]) : scores;
  return g.graph.op('LogSoftmax', [g.mul(logits, 1 / t)], { axis: -1 });
}

/** Kullback–Leibler divergence at a temperature, times its square so that gradients keep their size. */
function divergence(g: Expressions, { now, before, shares }: OutputPair): Term {
  const [p, q] = [logShares(g, before, shares, temperature), logShares(g, now, shares, temperature)];
  return g.mul(g.sum(g.mul(g.exp(p), g.sub(p, q)), [1]), temperature ** 2);
}

/** Cross-entropy of true labels, [batch]. */
export const labelLoss = (g: Expressions, now: Term, oneHot: Term, shares: boolean): Term =>
  g.neg(g.sum(g.mul(oneHot, logShares(g, now, shares, 1)), [1]));

/** 1 − cosine. */
function angle(g: Expressions, { now, before, shape }: OutputPair): Term {
  const n = shape[0]!;
  const flat = (t: Term) => g.reshape(t, [n, sizeOf(shape.slice(1))]);
  const [a, b] = [flat(now), flat(before)];
  const norms = g.mul(g.sum(g.square(a), [1]), g.sum(g.square(b), [1]));
  return g.sub(1, g.div(g.sum(g.mul(a, b), [1]), g.sqrt(g.add(norms, 1e-12))));
}

/** Mean squared difference, in units of the variance. */
function error(g: Expressions, { now, before, shape, variance }: OutputPair): Term {
  const n = shape[0]!;
  const size = sizeOf(shape.slice(1));
  const flat = g.reshape(g.square(g.sub(now, before)), [n, size]);
  return g.mul(g.sum(flat, [1]), 1 / (size * Math.max(variance, 1e-12)));
}

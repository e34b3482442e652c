/**
 * What the answer alone gives away. The weakest attacker sees outputs, and owns pictures whose outputs it can ask for: its
 * guess is the mean of those whose answers are most like the one it saw. Whoever serves the answer from the cloud leaks at
 * least that, so it is the floor under every cut, mechanism and code.
 */

import { type Preprocessing, toPixels } from '../../data/index.ts';
import { asFloat32, float32, type Tensor, type Tensors } from '../../model/index.ts';
import { argMax, squaredDistance } from '../../numeric/index.ts';
import { type Images, ssim } from '../metrics/index.ts';
import type { AnswerContext, AnswerOnlyAttack, AttackerData, Reconstruction } from './attack.ts';
import { askedFor } from './inverse-network.ts';
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
const block = 500;

export function answer(options: AnswerOptions): AnswerOnlyAttack {
  return { name: 'answer', threat: 'answer-only', run: (context) => run(context, options) };
}

async function run(context: AnswerContext, options: AnswerOptions): Promise<Reconstruction> {
  const { observed, count, preprocessing, memoryBytes } = context;
  const pixels = preprocessing.channels * preprocessing.height * preprocessing.width;
  const held = Math.floor(memoryBytes / 4 / (4 * pixels));
  const wanted = options.queries ?? Math.min(answerQueries, context.available(options.data));
  const pairs = await context.pairs(Math.max(2, Math.min(wanted, held)), options.data);
  const own = await tableOf(pairs, pixels, (done) => context.onProgress?.(0.7 * done));
  const scale = scaleOf(own.answers);
  const table = scaledRows(own.answers, scale);
  const trial = Math.min(trials, Math.floor(own.count / 4));
  const candidates = neighbourNumbers(own.count - 1, Math.floor(mostPixels / pixels));
  const chosen = await chooseNumber(own, table, trial, candidates, preprocessing);
  const seen = scaledRows(observed, scale);
  const pictures = new Float32Array(count * pixels);
  for (let i = 0; i < count; i++) {
    const order = nearest(seen, i, table, own.count, chosen);
    pictures.set(means(own.pictures, pixels, order, [chosen])[0]!, i * pixels);
    context.onProgress?.(0.8 + (0.2 * (i + 1)) / count);
  }
  return {
    pictures: float32(pictures, [count, ...own.shape]),
    iterations: 0,
    ...askedFor(context, own.count, options.data, {}),
    parameters: { neighbours: chosen, data: options.data },
  };
}

interface Own {
  readonly count: number;
  readonly pictures: Float32Array;
  /** Of one picture. */
  readonly shape: readonly number[];
  readonly answers: Tensors;
}

async function tableOf(pairs: Pairs, pixels: number, report: (done: number) => void): Promise<Own> {
  const pictures = new Float32Array(pairs.count * pixels);
  const answers = new Map<string, { readonly data: Float32Array; readonly shape: readonly number[] }>();
  let shape: readonly number[] = [];
  for (let at = 0; at < pairs.count; at += block) {
    const indices = Array.from({ length: Math.min(block, pairs.count - at) }, (_, i) => at + i);
    const { inputs, features } = await pairs.rows(indices);
    shape = inputs.shape.slice(1);
    pictures.set(asFloat32(inputs), at * pixels);
    for (const [name, t] of Object.entries(features)) {
      const size = t.data.length / indices.length;
      if (!answers.has(name)) {
        answers.set(name, { data: new Float32Array(pairs.count * size), shape: [pairs.count, ...t.shape.slice(1)] });
      }
      answers.get(name)!.data.set(asFloat32(t), at * size);
    }
    report((at + indices.length) / pairs.count);
  }
  const tensors = [...answers].map(([name, { data, shape: s }]): [string, Tensor] => [name, float32(data, s)]);
  return { count: pairs.count, pictures, shape, answers: Object.fromEntries(tensors) };
}

/** Every output counts alike, whatever its units: the inverse of its spread, over the root of its length. */
function scaleOf(answers: Tensors): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(answers).map(([name, t]) => {
      const data = asFloat32(t);
      const mean = data.reduce((s, v) => s + v, 0) / data.length;
      const variance = data.reduce((s, v) => s + (v - mean) ** 2, 0) / data.length;
      return [name, variance > 0 ? 1 / Math.sqrt(variance * (data.length / t.shape[0]!)) : 0];
    }),
  );
}

interface Rows {
  readonly length: number;
  readonly data: Float32Array;
}

function scaledRows(answers: Tensors, scale: ReadonlyMap<string, number>): Rows {
  const parts = Object.entries(answers).map(([name, t]) => {
    const data = asFloat32(t);
    return { data, factor: scale.get(name) ?? 0, length: data.length / t.shape[0]! };
  });
  const count = Object.values(answers)[0]!.shape[0]!;
  const length = parts.reduce((sum, p) => sum + p.length, 0);
  const out = new Float32Array(count * length);
  let column = 0;
  for (const { data, factor, length: width } of parts) {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < width; j++) out[i * length + column + j] = factor * data[i * width + j]!;
    }
    column += width;
  }
  return { length, data: out };
}

/** 1, 2, 4, … and all there are, or as many as there is time for. */
function neighbourNumbers(most: number, affordable: number): number[] {
  const last = Math.max(1, Math.min(most, affordable));
  const numbers: number[] = [];
  for (let k = 1; k < last; k *= 2) numbers.push(k);
  return [...numbers, last];
}

/** The number whose means are most like the pictures they stand for, by leaving each trial out of the table. */
async function chooseNumber(
  own: Own,
  table: Rows,
  trial: number,
  candidates: readonly number[],
  preprocessing: Preprocessing,
): Promise<number> {
  if (trial < 2) return candidates.at(-1)!;
  const pixels = own.pictures.length / own.count;
  const guesses = candidates.map(() => new Float32Array(trial * pixels));
  for (let i = 0; i < trial; i++) {
    const order = nearest(table, i, table, own.count, candidates.at(-1)! + 1).filter((j) => j !== i);
    means(own.pictures, pixels, order, candidates).forEach((mean, k) => void guesses[k]!.set(mean, i * pixels));
  }
  const images = (data: Float32Array): Images => {
    const { channels, height, width } = preprocessing;
    const tensor = float32(data, [trial, ...own.shape]);
    return { count: trial, channels, height, width, data: toPixels(tensor, preprocessing) };
  };
  const truth = images(own.pictures.slice(0, trial * pixels));
  const scores = guesses.map((g) => ssim(truth, images(g)).reduce((a, b) => a + b, 0));
  return candidates[argMax(scores)]!;
}

/** Indices of the `most` rows of the table nearest to a row, nearest first. */
function nearest(rows: Rows, row: number, table: Rows, count: number, most: number): number[] {
  const { length } = table;
  const own = rows.data.subarray(row * length, (row + 1) * length);
  const distances = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    distances[i] = squaredDistance(own, table.data.subarray(i * length, (i + 1) * length));
  }
  const order = Array.from({ length: count }, (_, i) => i);
  return order.sort((a, b) => distances[a]! - distances[b]!).slice(0, most);
}

/** Mean pictures of the first k of an order, for each k of an ascending list. */
function means(
  pictures: Float32Array,
  pixels: number,
  order: readonly number[],
  ks: readonly number[],
): Float32Array[] {
  const sum = new Float64Array(pixels);
  let used = 0;
  return ks.map((k) => {
    for (; used < Math.min(k, order.length); used++) {
      const at = order[used]! * pixels;
      for (let p = 0; p < pixels; p++) sum[p]! += pictures[at + p]!;
    }
    return Float32Array.from(sum, (v) => v / used);
  });
}

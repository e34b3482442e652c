/**
 * What activations are on average for each class: the tail tells which class an activation is of, labels tell it of pictures.
 * Ten means say more of a head than one.
 */

import type { Expressions, Term } from '../../../autodiff/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, sizeOf, type Tensor, type Tensors } from '../../../model/index.ts';
import { argMaxRows } from '../../../numeric/index.ts';
import type { Traffic } from '../attack.ts';
import { runGraph } from '../rows.ts';
import type { ClassAnswer } from './answer.ts';
import type { Elements } from './elements.ts';

export interface ClassMeans {
  /** [classes, elements of a row]; zeros where too few were seen. */
  readonly means: Float32Array;
  /** 1 for a class of which enough was seen, else 0. */
  readonly seen: Float32Array;
}

/** Activations of a class, at least. */
const fewestOfClass = 10;
/** Numbers in all. */
const mostNumbers = 8e6;
/** Rows that are in memory at once. */
const chunk = 50;

/** @returns for each tensor; nothing where there are too many classes for the memory, or too few activations of any */
export async function classMeansOf(
  engine: Engine,
  traffic: Traffic,
  { tail, classes }: ClassAnswer,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ClassMeans>> {
  const elements = tail.inputs.reduce((sum, v) => sum + sizeOf(v.shape.slice(1) as number[]), 0);
  if (classes * elements > mostNumbers) return new Map();
  const sums = new ClassSums(classes);
  for (let first = 0; first < traffic.count; first += chunk) {
    const rows = await traffic.rows(first, Math.min(chunk, traffic.count - first));
    sums.add(rows, await answeredClasses(engine, tail, rows, signal));
  }
  return sums.means();
}

/** Of labelled rows, as they are seen of traffic. */
export function classMeansOfRows(rows: Tensors, labels: Int32Array, classes: number): ReadonlyMap<string, ClassMeans> {
  const sums = new ClassSums(classes, 1);
  sums.add(rows, labels);
  return sums.means();
}

/** Squared distance of the means of classes that both have seen, as a share of the variance of what is aimed at. */
export function classUnlikeness(found: ClassMeans, aim: ClassMeans, { variance }: Elements): number {
  const classes = aim.seen.length;
  const size = aim.means.length / classes;
  let distance = 0;
  let both = 0;
  for (let c = 0; c < classes; c++) {
    if (!found.seen[c] || !aim.seen[c]) continue;
    both++;
    for (let i = c * size; i < (c + 1) * size; i++) distance += (found.means[i]! - aim.means[i]!) ** 2;
  }
  const spread = variance.reduce((a, b) => a + b, 0);
  return both > 0 ? distance / (both * Math.max(spread, Number.MIN_VALUE)) : 0;
}

/**
 * The same for a batch, without bias: products of different rows of a class, so that how rows spread is not punished.
 * @param tensor [n, …]
 * @param labels one-hot [n, classes]
 * @param precision 1 / variance, [1, …] or broadcasting to it
 * @returns a scalar, in squared standard deviations
 */
export function classMisalignment(
  g: Expressions,
  tensor: Term,
  shape: readonly number[],
  labels: Term,
  { means, seen }: ClassMeans,
  precision: Tensor,
): Term {
  const [n, ...row] = shape as [number, ...number[]];
  const size = sizeOf(row);
  const classes = seen.length;
  const known = g.mul(labels, g.tensor(float32(seen, [1, classes])));
  const aim = g.matmul(known, g.tensor(float32(means, [classes, size])));
  const off = g.sub(g.reshape(tensor, [n, size]), aim);
  const across = g.transpose(known, [1, 0]);
  // (Σd)² − Σd² of each class: twice the sum of products of different rows.
  const products = g.sub(g.square(g.matmul(across, off)), g.matmul(across, g.square(off)));
  const weighted = g.mul(g.reshape(products, [classes, ...row]), g.tensor(precision));
  const ofClass = g.sum(
    weighted,
    row.map((_, i) => i + 1),
  );
  // A class with one row, or none, has no products: divided by one they stay zero.
  const others = g.max(g.sub(g.sum(known, [0]), 1), 1);
  return g.mul(g.sum(g.div(ofClass, others)), 1 / (n * size));
}

class ClassSums {
  readonly #classes: number;
  readonly #fewest: number;
  readonly #counts: Float64Array;
  readonly #sums = new Map<string, Float64Array>();

  constructor(classes: number, fewest = fewestOfClass) {
    this.#classes = classes;
    this.#fewest = fewest;
    this.#counts = new Float64Array(classes);
  }

  add(rows: Tensors, classes: Int32Array): void {
    for (const c of classes) this.#counts[c]! += 1;
    for (const [name, tensor] of Object.entries(rows)) {
      const size = tensor.data.length / tensor.shape[0]!;
      const own = this.#sums.get(name) ?? new Float64Array(this.#classes * size);
      this.#sums.set(name, own);
      for (const [i, v] of asFloat32(tensor).entries()) own[classes[Math.floor(i / size)]! * size + (i % size)]! += v;
    }
  }

  means(): ReadonlyMap<string, ClassMeans> {
    const seen = Float32Array.from(this.#counts, (n) => (n >= this.#fewest ? 1 : 0));
    if (seen.every((s) => s === 0)) return new Map();
    const mean = (own: Float64Array) =>
      Float32Array.from(own, (v, i) => {
        const c = Math.floor((i * this.#classes) / own.length);
        return seen[c] ? v / this.#counts[c]! : 0;
      });
    return new Map([...this.#sums].map(([name, own]) => [name, { means: mean(own), seen }]));
  }
}

/** The class that the tail takes each row for. */
async function answeredClasses(engine: Engine, tail: Graph, rows: Tensors, signal?: AbortSignal): Promise<Int32Array> {
  const read = Object.fromEntries(tail.inputs.map(({ name }) => [name, rows[name]!] as const));
  const [scores] = Object.values(await runGraph(engine, tail, read, signal)) as [Tensor];
  return Int32Array.from(argMaxRows(asFloat32(scores), scores.shape[0]!));
}

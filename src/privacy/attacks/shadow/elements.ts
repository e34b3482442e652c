/** Mean and variance of each element of a tensor over many rows: what can be known of activations without their pictures. */
import { asFloat32, sizeOf, type Tensor, type Tensors } from '../../../model/index.ts';
import type { Traffic } from '../attack.ts';

export interface Elements {
  /** Of a row, without the batch. */
  readonly shape: readonly number[];
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** Sums of what is added, row by row. */
class Sums {
  readonly #shape: readonly number[];
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  #rows = 0;

  constructor(shape: readonly number[]) {
    this.#shape = shape;
    this.#sum = new Float64Array(sizeOf(shape));
    this.#squares = new Float64Array(sizeOf(shape));
  }

  add(tensor: Tensor): void {
    const size = this.#sum.length;
    for (const [i, v] of asFloat32(tensor).entries()) {
      this.#sum[i % size]! += v;
      this.#squares[i % size]! += v * v;
    }
    this.#rows += tensor.shape[0]!;
  }

  elements(): Elements {
    const mean = this.#sum.map((s) => s / this.#rows);
    const variance = this.#squares.map((s, i) => Math.max(0, s / this.#rows - mean[i]! ** 2));
    return { shape: this.#shape, mean, variance };
  }
}

/** @param tensor [n, …] */
export function elementsOf(tensor: Tensor): Elements {
  const sums = new Sums(tensor.shape.slice(1));
  sums.add(tensor);
  return sums.elements();
}

/** Rows that are in memory at once. */
const chunk = 50;

/** Of each tensor of the cut, over all that was received. */
export async function elementsOfTraffic(traffic: Traffic): Promise<ReadonlyMap<string, Elements>> {
  const sums = new Map<string, Sums>();
  for (let first = 0; first < traffic.count; first += chunk) {
    const rows: Tensors = await traffic.rows(first, Math.min(chunk, traffic.count - first));
    for (const [name, tensor] of Object.entries(rows)) {
      const own = sums.get(name) ?? new Sums(tensor.shape.slice(1));
      sums.set(name, own);
      own.add(tensor);
    }
  }
  return new Map([...sums].map(([name, own]) => [name, own.elements()]));
}

/**
 * How unlike two kinds of rows are: the squared Fréchet distance of Gaussians with these means and variances, elements on
 * their own, as a share of the variance of what is aimed at. 0 for the same.
 */
export function unlikeness(found: Elements, aim: Elements): number {
  let distance = 0;
  let spread = 0;
  for (const [i, mean] of aim.mean.entries()) {
    distance += (found.mean[i]! - mean) ** 2 + (Math.sqrt(found.variance[i]!) - Math.sqrt(aim.variance[i]!)) ** 2;
    spread += aim.variance[i]!;
  }
  return distance / Math.max(spread, Number.MIN_VALUE);
}

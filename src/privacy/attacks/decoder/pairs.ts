/** What an attacker learns from: pictures of its own, and what the device made of them. */
import type { Tensor, Tensors } from '../../../model/index.ts';
import type { Block } from '../../../training/index.ts';

export interface Pair {
  /** Network inputs [k, …]. */
  readonly inputs: Tensor;
  /** The tensors of the cut, each [k, …]. */
  readonly features: Tensors;
}

/** The same index has the same answer however often it is read, so that nothing large need be kept. */
export interface Pairs {
  readonly count: number;
  /** How often each picture can be asked again, for other draws of the mechanism; 1 where there are none. Default 1. */
  readonly releases?: number;
  /** @param release 0 … releases − 1; default 0 */
  rows(indices: ArrayLike<number>, release?: number): Promise<Pair>;
}

/** One in ten pairs is kept aside, within these. */
const [fewestKept, mostKept] = [8, 256];

/** So many pairs at the end nobody learns from: they tell when to stop, and which of several answers is the best. */
export function keptAside(count: number): number {
  return Math.min(Math.max(Math.ceil(count / 10), fewestKept), mostKept, Math.floor(count / 2));
}

/** Those that are learnt from. */
export function learntFrom(pairs: Pairs): Pairs {
  return {
    count: pairs.count - keptAside(pairs.count),
    ...(pairs.releases && { releases: pairs.releases }),
    rows: (indices, release) => pairs.rows(indices, release),
  };
}

/** Of the pairs kept aside the first … first + count, the last pair first. */
export function rowsAside(pairs: Pairs, first = 0, count = keptAside(pairs.count) - first): Promise<Pair> {
  return pairs.rows(Int32Array.from({ length: count }, (_, i) => pairs.count - 1 - first - i));
}

/** Name of the table that holds the pictures; features go by their tensors' names. */
export const pictureTable = 'target:picture';

/** What a block of rows may take. */
const mostBlockBytes = 256 * 2 ** 20;
/** Shares of the memory: of one block, and of what is kept from epoch to epoch. */
const [blockShare, keptShare] = [1 / 8, 1 / 2];

/**
 * Epochs of blocks in random order, each of another release of the pictures, as many as fit in memory; then from the first on.
 * Pairs that fit in memory are asked for once.
 * @param batch a block holds at least one
 */
export class PairEpochs {
  readonly #pairs: Pairs;
  readonly #indices: Int32Array;
  readonly #rowsPerBlock: number;
  /** By release; undefined where not even one fits. */
  readonly #kept: Block[][] | undefined;
  readonly #releases: number;
  #epoch = 0;

  /** @param bytesPerRow of picture and features together */
  constructor(pairs: Pairs, indices: Int32Array, bytesPerRow: number, batch: number, memoryBytes: number) {
    this.#pairs = pairs;
    this.#indices = indices;
    const fitting = Math.max(batch, Math.floor(Math.min(mostBlockBytes, blockShare * memoryBytes) / bytesPerRow));
    // Blocks of equal size: a short one at the end would lose its rows.
    const blocks = Math.ceil(indices.length / fitting);
    this.#rowsPerBlock = Math.ceil(indices.length / blocks);
    const fit = Math.floor((keptShare * memoryBytes) / (indices.length * bytesPerRow));
    const { releases = 1 } = pairs;
    this.#kept = fit > 0 ? Array.from({ length: Math.min(fit, releases) }, () => []) : undefined;
    this.#releases = this.#kept?.length ?? releases;
  }

  get rows(): number {
    return this.#indices.length;
  }

  async *blocks(order: (n: number) => Int32Array): AsyncGenerator<Block> {
    const release = this.#epoch++ % this.#releases;
    const kept = this.#kept?.[release];
    if (kept?.length) {
      for (const i of order(kept.length)) yield kept[i]!;
      return;
    }
    const shuffled = order(this.#indices.length).map((i) => this.#indices[i]!);
    for (let at = 0; at < shuffled.length; at += this.#rowsPerBlock) {
      const { inputs, features } = await this.#pairs.rows(shuffled.subarray(at, at + this.#rowsPerBlock), release);
      const block: Block = { ...features, [pictureTable]: inputs };
      kept?.push(block);
      yield block;
    }
  }
}

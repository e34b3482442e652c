/** Pairs as a training reads them: block after block, epoch after epoch. */
import type { Block } from '../../training/index.ts';
import type { Pairs } from './pairs.ts';

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

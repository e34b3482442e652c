/** A generator makes pictures out of codes. An attack that searches its codes finds only what it can make. */
import type { Graph } from '../../../model/index.ts';

export interface Generator {
  /** Of a code, without the batch; at least one dimension is greater than one. */
  readonly codeShape: readonly number[];
  /** One input, codes [n, …codeShape], and one output, network inputs [n, …]; shapes known. */
  graph(n: number): Promise<Graph>;
}

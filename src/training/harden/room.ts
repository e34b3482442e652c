/** How many pictures, and how many looks at each, there is memory for. */
import { type Dim, sizeOf, type ValueInfo } from '../../model/index.ts';
import type { Extent } from '../similarity.ts';

/**
 * Of what is kept of one look at one picture: what the network reads, the answers, and the picture as the adversary sees it.
 * @param entryBytes features in halves, or pixels
 */
export function keptBytes(entryBytes: number, answers: readonly ValueInfo[], picture: Extent): number {
  const known = (shape: readonly Dim[]) => shape.slice(1).map((d) => (typeof d === 'number' ? d : 1));
  const numbers = answers.reduce((sum, { shape }) => sum + sizeOf(known(shape)), 0);
  return entryBytes + 4 * numbers + picture.channels * picture.height * picture.width;
}

/** Where not all views fit there are fewer, and where not all pictures do there is one. Several views take one more, in which they are mixed. At least `wanted` pictures are taken. */
export function room(
  all: { readonly count: number; readonly views: number },
  wanted: number,
  memoryBytes: number,
  rowBytes: number,
): { readonly count: number; readonly views: number } {
  const fitting = Math.max(wanted, Math.floor(memoryBytes / rowBytes));
  const views = Math.max(1, Math.min(all.views, Math.floor(fitting / all.count) - 1));
  return { count: Math.min(all.count, fitting), views };
}

/** Many rows, a few at a time, by what takes always as many. */

export interface Chunk {
  /** Its first row. */
  readonly first: number;
  /** So many of its rows, from the first on, were in the chunk before. */
  readonly again: number;
}

/**
 * Chunks of `size` rows that cover `count`; the last goes back to be full, so that one session serves all.
 * @param size 1 … count
 */
export function fullChunks(count: number, size: number): Chunk[] {
  if (count > 0 && !(size >= 1 && size <= count)) throw new RangeError(`no chunks of ${size} rows in ${count}`);
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => {
    const first = Math.min(i * size, count - size);
    return { first, again: i * size - first };
  });
}

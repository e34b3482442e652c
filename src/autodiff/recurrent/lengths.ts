/** Sequences shorter than the batch's longest: their states stand still past their end, and their outputs are zero there. */
import type { State } from './cells.ts';
import type { Plain, Shaped } from './plain.ts';

export interface Lengths {
  /** The new state where the sequence reaches step `t`, else the old one. */
  advance(next: State, old: State, t: number): State;
  /** The output of step `t`. */
  output(h: Shaped, t: number): Shaped;
}

/** All sequences are as long as the batch. */
export const equalLengths: Lengths = { advance: (next) => next, output: (h) => h };

/** @param lengths int32 [batch] */
export function givenLengths(p: Plain, lengths: Shaped): Lengths {
  const column = p.reshape(p.asFloat(lengths), [1, lengths.shape[0]!, 1]);
  const reaches = new Map<number, Shaped>();
  const reached = (t: number): Shaped => {
    const known = reaches.get(t) ?? p.greater(column, p.scalar(t));
    reaches.set(t, known);
    return known;
  };
  return {
    advance: ({ h, c }, old, t) => ({
      h: p.where(reached(t), h, old.h),
      ...(c && { c: p.where(reached(t), c, old.c!) }),
    }),
    output: (h, t) => p.where(reached(t), h, p.scalar(0)),
  };
}

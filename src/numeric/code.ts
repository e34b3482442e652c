/**
 * Codes: arrays on a grid of L = 2^bits levels, every element an odd multiple of 1/L between −1 and 1. So 0 is no level: it means
 * that an element was not sent, which may be said of the end of each row alone. What L is can be read off any element.
 */

export interface CodeGrid {
  /** Of each element, 1 to 8. */
  readonly bits: number;
  /** Elements at the beginning of each row that are sent; the others are 0. */
  readonly sent: number;
}

/** Why an array is no code, and where. */
export interface NoCode {
  readonly problem: string;
  /** Place of the element. */
  readonly at: number;
}

export const mostCodeBits = 8;

/** @param values rows of equal length, one after the other */
export function codeGrid(values: Float32Array, rows: number): CodeGrid | NoCode {
  if (values.length === 0) return { bits: 1, sent: 0 };
  const length = values.length / rows;
  const bits = bitsOf(values[0]!);
  if (bits === undefined) {
    const problem =
      values[0] === 0
        ? 'begins with 0, which no level is'
        : `holds ${values[0]}, no odd multiple of 1/2 to 1/256 within ±1`;
    return { problem, at: 0 };
  }
  const levels = 2 ** bits;
  let sent = length;
  while (values[sent - 1] === 0) sent--;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (i % length >= sent) {
      if (v !== 0) return { problem: `sends ${v} where the first row has ended`, at: i };
    } else if (!(Math.abs(v) < 1) || Math.abs(v * levels) % 2 !== 1) {
      return { problem: v === 0 ? 'holds 0 before its end' : `holds ${v}, which is none of ${levels} levels`, at: i };
    }
  }
  return { bits, sent };
}

/** Of the coarsest grid that the value is on. */
function bitsOf(value: number): number | undefined {
  if (!(Math.abs(value) < 1) || value === 0) return undefined;
  for (let bits = 1; bits <= mostCodeBits; bits++) if (Number.isInteger(value * 2 ** bits)) return bits;
  return undefined;
}

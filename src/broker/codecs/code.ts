/**
 * A code packed: b bits for each element that is sent, nothing for the zeros after them. The level i of v = (2i + 1)/2^b − 1 is an
 * unsigned number; elements follow each other row by row, in order, without gaps. Bit j of all is bit j mod 8 of byte ⌊j/8⌋,
 * counted from the least, and the least bit of an element comes first. What is left of the last byte is 0, so that it can say nothing.
 * `scale` is the distance of the levels, 2^(1 − b), and `zeroPoint` how many elements of each row are sent.
 */
import { CutlineError } from '../../errors.ts';
import { sizeOf } from '../../model/tensor.ts';
import { codeGrid, mostCodeBits } from '../../numeric/index.ts';
import { type Encoding, float32sOf, type Layout } from './encoding.ts';

export const code: Encoding = {
  name: 'code',
  carries: (dtype) => dtype === 'float32',
  bits(layout, where) {
    const { bits, rows, sent } = measuresOf(layout, where);
    return bits * rows * sent;
  },

  write(tensor, where) {
    const values = float32sOf(tensor);
    const rows = rowsIn(tensor.shape);
    const grid = codeGrid(values, rows);
    if ('problem' in grid) {
      const problem = `${grid.problem} (element ${grid.at})`;
      throw new CutlineError('CODEC_RANGE', { tensor: where, codec: 'code', problem });
    }
    const { bits, sent } = grid;
    const length = values.length / rows;
    const data = new Uint8Array(Math.ceil((bits * rows * sent) / 8));
    const half = 2 ** (bits - 1);
    for (let r = 0, at = 0; r < rows; r++) {
      for (let k = 0; k < sent; k++, at += bits) put(data, at, values[r * length + k]! * half + half - 0.5);
    }
    return { data, scale: 2 ** (1 - bits), zeroPoint: sent };
  },

  read(data, layout, where) {
    const { bits, rows, sent, length } = measuresOf(layout, where);
    const spare = 8 * data.length - bits * rows * sent;
    if (spare > 0 && data.at(-1)! >> (8 - spare) !== 0) {
      throw new CutlineError('TENSOR_INVALID', { tensor: where, problem: 'bits after the end of a code' });
    }
    const values = new Float32Array(rows * length);
    for (let r = 0, at = 0; r < rows; r++) {
      for (let k = 0; k < sent; k++, at += bits) {
        values[r * length + k] = layout.scale * (take(data, at, bits) + 0.5) - 1;
      }
    }
    return values;
  },
};

/** The first axis is the picture's. */
const rowsIn = (shape: readonly number[]): number => shape[0] ?? 1;

function measuresOf({ shape, scale, zeroPoint: sent }: Layout, where: string) {
  const bits = 1 - Math.log2(scale);
  const elements = sizeOf(shape);
  // Of nothing there are no rows, however many a stranger announces.
  const rows = elements === 0 ? 0 : rowsIn(shape);
  const length = elements === 0 ? 0 : elements / rows;
  if (!Number.isInteger(bits) || bits < 1 || bits > mostCodeBits || sent > length || sent < Math.min(1, length)) {
    const problem = `a code of ${sent} elements a picture, of ${length}, with levels ${scale} apart`;
    throw new CutlineError('TENSOR_INVALID', { tensor: where, problem });
  }
  return { bits, rows, sent, length };
}

/** An element has 8 bits at most, so that it stands in two bytes at most. What is beyond the end is written nowhere. */
function put(data: Uint8Array, at: number, level: number): void {
  const byte = at >> 3;
  const shifted = level << (at & 7);
  data[byte]! |= shifted;
  if (shifted > 255) data[byte + 1]! |= shifted >> 8;
}

function take(data: Uint8Array, at: number, bits: number): number {
  const byte = at >> 3;
  return (((data[byte]! | ((data[byte + 1] ?? 0) << 8)) >> (at & 7)) & (2 ** bits - 1)) >>> 0;
}

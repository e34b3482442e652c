/** Weighted means under a window that slides over a plane, where it fits whole ("valid"). */
import type { Taps } from '../../numeric/index.ts';

export const uniformTaps = (size: number): Taps => new Float64Array(size).fill(1 / size);

/** A slider for planes of one size; it keeps its scratch memory, so its answers are written into `out`. */
export interface Slider {
  /** Elements of an answer: (height − taps + 1)(width − taps + 1). */
  readonly length: number;
  /** Rows first, then columns: 2·taps multiplications an element instead of taps². */
  slide(plane: Float64Array, out: Float64Array): void;
}

export function createSlider(height: number, width: number, taps: Taps): Slider {
  const size = taps.length;
  const [outHeight, outWidth] = [height - size + 1, width - size + 1];
  const rows = new Float64Array(height * outWidth);
  return {
    length: outHeight * outWidth,
    slide(plane, out) {
      for (let y = 0; y < height; y++) weigh(plane, y * width, 1, taps, rows, y * outWidth, outWidth);
      for (let y = 0; y < outHeight; y++) weigh(rows, y * outWidth, outWidth, taps, out, y * outWidth, outWidth);
    },
  };
}

/**
 * Writes `count` neighbouring weighted sums of values `stride` apart. The weights are symmetric, which halves the
 * multiplications; one tap at a time over a whole row, because that inner loop is one the compiler makes fast.
 */
function weigh(
  values: Float64Array,
  from: number,
  stride: number,
  taps: Taps,
  out: Float64Array,
  to: number,
  count: number,
): void {
  const half = taps.length >> 1;
  const middle = from + half * stride;
  const weight = taps[half]!;
  for (let x = 0; x < count; x++) out[to + x] = weight * values[middle + x]!;
  for (let k = 0; k < half; k++) {
    const tap = taps[k]!;
    const first = from + k * stride;
    const last = from + (taps.length - 1 - k) * stride;
    for (let x = 0; x < count; x++) out[to + x]! += tap * (values[first + x]! + values[last + x]!);
  }
}

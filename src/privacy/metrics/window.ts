/** Weighted means under a window that slides over a plane, where it fits whole ("valid"). */

/** An odd number of symmetric weights, summing to 1; the window is their outer product. */
export type Taps = Float64Array;

export function gaussianTaps(size: number, sigma: number): Taps {
  const middle = (size - 1) / 2;
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - middle) ** 2) / (2 * sigma * sigma)));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / sum);
}

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
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < outWidth; x++) rows[y * outWidth + x] = weigh(plane, y * width + x, 1, taps);
      }
      for (let i = 0; i < out.length; i++) out[i] = weigh(rows, i, outWidth, taps);
    },
  };
}

/** The weighted sum of values `stride` apart. The weights are symmetric, which halves the multiplications. */
function weigh(values: Float64Array, first: number, stride: number, taps: Taps): number {
  const half = taps.length >> 1;
  let last = first + (taps.length - 1) * stride;
  let sum = 0;
  for (let k = 0; k < half; k++, first += stride, last -= stride) sum += taps[k]! * (values[first]! + values[last]!);
  return sum + taps[half]! * values[first]!;
}

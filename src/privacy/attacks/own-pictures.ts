/** Many pictures, held as the bytes that they came from: a quarter of what their network inputs take. */
import { type Preprocessing, toPixels } from '../../data/index.ts';
import type { Tensor } from '../../model/index.ts';

export class PictureBytes {
  /** Of one picture. */
  readonly pixels: number;
  readonly #preprocessing: Preprocessing;
  readonly #bytes: Uint8Array;

  constructor(count: number, preprocessing: Preprocessing) {
    this.#preprocessing = preprocessing;
    this.pixels = preprocessing.channels * preprocessing.height * preprocessing.width;
    this.#bytes = new Uint8Array(count * this.pixels);
  }

  /** @param inputs network inputs [n, …] that stand for pixels of n pictures; what no pixel can be is the nearest one */
  put(first: number, inputs: Tensor): void {
    const unit = toPixels(inputs, this.#preprocessing);
    const to = first * this.pixels;
    for (let i = 0; i < unit.length; i++) this.#bytes[to + i] = Math.round(255 * unit[i]!);
  }

  /** Pixels in [0, 1], NCHW, of the pictures first … first + count. */
  unit(first: number, count: number): Float32Array {
    return Float32Array.from(this.#bytes.subarray(first * this.pixels, (first + count) * this.pixels), (b) => b / 255);
  }

  /** Mean pictures (NCHW, in [0, 1]) of the first k of an order, for each k of an ascending list. */
  means(order: readonly number[], ks: readonly number[]): Float32Array[] {
    const sum = new Uint32Array(this.pixels);
    let used = 0;
    return ks.map((k) => {
      for (; used < Math.min(k, order.length); used++) {
        const at = order[used]! * this.pixels;
        for (let p = 0; p < this.pixels; p++) sum[p]! += this.#bytes[at + p]!;
      }
      return Float32Array.from(sum, (v) => v / (255 * used));
    });
  }
}

/** Small changes that leave the label as it is: mirror images and shifts. */
import type { Pixels } from '../data/index.ts';
import type { Random } from '../random.ts';

/** Half of the pictures mirrored, all shifted by up to `maxShift` pixels; edges repeat. */
export function flipAndShift(pixels: Pixels, random: Random, maxShift: number): Uint8Array {
  const { count, channels, height, width, data } = pixels;
  const out = new Uint8Array(data.length);
  for (let n = 0; n < count; n++) {
    const mirror = random.int(2) === 1;
    const dx = random.int(2 * maxShift + 1) - maxShift;
    const dy = random.int(2 * maxShift + 1) - maxShift;
    for (let c = 0; c < channels; c++) {
      const plane = (n * channels + c) * height * width;
      for (let y = 0; y < height; y++) {
        const row = plane + Math.min(Math.max(y + dy, 0), height - 1) * width;
        for (let x = 0; x < width; x++) {
          const from = Math.min(Math.max(x + dx, 0), width - 1);
          out[plane + y * width + x] = data[row + (mirror ? width - 1 - from : from)]!;
        }
      }
    }
  }
  return out;
}

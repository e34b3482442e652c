/**
 * Pictures without a camera: shapes of all sizes that hide each other, shaded and grained. Their edges and their spectrum
 * are those of natural images (Lee, Mumford & Huang 2001), and networks learn from them (Baradad et al. 2021).
 */
import type { Random } from '../../random.ts';

interface Size {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** @param out bytes [channels, height, width] */
export function deadLeaves(out: Uint8Array, { channels, height, width }: Size, random: Random): void {
  const area = height * width;
  const canvas = new Float32Array(channels * area);
  const colour = () => Array.from({ length: channels }, () => 255 * random.uniform());
  paint(canvas, colour(), colour(), () => true);
  const side = Math.min(height, width);
  const leaves = 12 + random.int(30);
  for (let k = 0; k < leaves; k++) {
    // Radii follow a power law, large ones first so that the small are seen.
    const radius = side * 0.5 * (0.06 + 0.94 * random.uniform() ** 3) * (1 - (0.7 * k) / leaves);
    const [cy, cx, turn] = [height * random.uniform(), width * random.uniform(), Math.PI * random.uniform()];
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const stretch = 0.4 + 1.2 * random.uniform();
    const round = random.uniform() < 0.5;
    paint(canvas, colour(), colour(), (y, x) => {
      const u = ((x - cx) * cos + (y - cy) * sin) / (radius * stretch);
      const v = ((y - cy) * cos - (x - cx) * sin) / radius;
      return round ? u * u + v * v < 1 : Math.abs(u) < 1 && Math.abs(v) < 1;
    });
  }
  const grain = 12 * random.uniform() ** 2;
  for (let i = 0; i < out.length; i++)
    out[i] = Math.min(255, Math.max(0, Math.round(canvas[i]! + grain * random.normal())));

  /** From one colour at the top left to another at the bottom right, half of the way. */
  function paint(target: Float32Array, from: number[], to: number[], inside: (y: number, x: number) => boolean): void {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!inside(y, x)) continue;
        const share = (y / height + x / width) / 4;
        for (let c = 0; c < channels; c++) target[c * area + y * width + x] = from[c]! + share * (to[c]! - from[c]!);
      }
    }
  }
}

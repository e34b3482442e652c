/** Structural similarity (Wang et al. 2004) as a formula in a graph, to be made large or small. */
import type { Expressions, Term } from '../autodiff/index.ts';
import { float32 } from '../model/index.ts';
import { gaussianTaps } from '../numeric/index.ts';

const [windowSize, sigma, c1, c2] = [11, 1.5, 0.01 ** 2, 0.03 ** 2];

/** Of a picture. */
export interface Extent {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Mean SSIM of each picture [n]; channels on their own.
 * @param x pixels in [0, 1], [n, channels, height, width], as is y
 */
export function structuralSimilarity(
  g: Expressions,
  x: Term,
  y: Term,
  n: number,
  { channels, height, width }: Extent,
): Term {
  const size = Math.min(windowSize, height, width);
  const planes = n * channels;
  const flat = (t: Term) => g.reshape(t, [planes, 1, height, width]);
  const [a, b] = [flat(x), flat(y)];
  const all = g.concat([a, b, g.square(a), g.square(b), g.mul(a, b)], 0);
  const weights = Array.from(gaussianTaps(size, sigma));
  const along = (t: Term, kernel: readonly number[]) =>
    g.graph.op('Conv', [t, g.tensor(float32(weights, [1, 1, ...kernel]))], { kernel_shape: kernel });
  const blurred = along(along(all, [size, 1]), [1, size]);
  const part = (i: number) => g.slice(blurred, [i * planes], [(i + 1) * planes], [0]);
  const [ma, mb, aa, bb, ab] = [0, 1, 2, 3, 4].map(part) as [Term, Term, Term, Term, Term];
  const mamb = g.mul(ma, mb);
  const [ma2, mb2] = [g.square(ma), g.square(mb)];
  const numerator = g.mul(g.add(g.mul(mamb, 2), c1), g.add(g.mul(g.sub(ab, mamb), 2), c2));
  const denominator = g.mul(g.add(g.add(ma2, mb2), c1), g.add(g.add(g.sub(aa, ma2), g.sub(bb, mb2)), c2));
  const area = channels * (height - size + 1) * (width - size + 1);
  const map = g.reshape(g.div(numerator, denominator), [n, area]);
  return g.mul(g.sum(map, [1]), 1 / area);
}

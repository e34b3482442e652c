/** What a decoder is trained to make small. */
import { Expressions, type Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import { float32, type Graph, GraphBuilder, sizeOf } from '../../../model/index.ts';
import { gaussianTaps } from '../../metrics/index.ts';
import { pictureTable } from '../pair-epochs.ts';

/** `mse` makes PSNR high; `mse+ssim` trades some of it for structure. */
export const lossNames = ['mse', 'mse+ssim'] as const;
export type LossName = (typeof lossNames)[number];

/** Weight of 1 − SSIM beside the mean squared error: both are of a size where decoders are good. */
const ssimWeight = 0.03;
/** Wang et al. 2004. */
const [windowSize, sigma, c1, c2] = [11, 1.5, 0.01 ** 2, 0.03 ** 2];

/**
 * The decoder with its loss [batch] as only output; the picture that is wanted becomes an input.
 * @param decoder static batch
 */
export function withCriterion(decoder: Graph, loss: LossName, picture: Preprocessing): Graph {
  const output = decoder.outputs[0]!;
  const shape = output.shape as readonly number[];
  const b = GraphBuilder.from(decoder);
  const g = new Expressions(b);
  b.input(pictureTable, 'float32', shape);
  const seen = pixels(g, output.name, picture);
  const truth = pixels(g, pictureTable, picture);
  const n = shape[0]!;
  const perPixel = 1 / sizeOf(shape.slice(1));
  let value = g.mul(g.sum(g.square(g.sub(seen, truth)), [1, 2, 3]), perPixel);
  if (loss === 'mse+ssim')
    value = g.add(value, g.mul(g.sub(1, structuralSimilarity(g, seen, truth, n, picture)), ssimWeight));
  b.op('Identity', [value], {}, 'criterion:loss');
  b.output('criterion:loss', 'float32', [n]);
  return b.build(`${decoder.name}:criterion`);
}

/** Network inputs as pixels in [0, 1], NCHW: SSIM's constants are made for that range. */
function pixels(g: Expressions, x: Term, { layout, std, mean, channels }: Preprocessing): Term {
  const perChannel = (values: readonly number[]) =>
    g.tensor(float32(values, layout === 'NCHW' ? [channels, 1, 1] : [channels]));
  const scaled = g.add(g.mul(x, perChannel(std)), perChannel(mean));
  return layout === 'NCHW' ? scaled : g.transpose(scaled, [0, 3, 1, 2]);
}

/** Mean SSIM of each picture [n]; channels on their own. */
function structuralSimilarity(
  g: Expressions,
  x: Term,
  y: Term,
  n: number,
  { channels, height, width }: Preprocessing,
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

/** What a decoder is trained to make small. */
import { Expressions, type Term } from '../../../autodiff/index.ts';
import type { Preprocessing } from '../../../data/index.ts';
import { float32, type Graph, GraphBuilder, sizeOf } from '../../../model/index.ts';
import { structuralSimilarity } from '../../../training/index.ts';
import { pictureTable } from '../pair-epochs.ts';

/** `mse` makes PSNR high; `mse+ssim` trades some of it for structure. */
export const lossNames = ['mse', 'mse+ssim'] as const;
export type LossName = (typeof lossNames)[number];

/** Weight of 1 − SSIM beside the mean squared error: both are of a size where decoders are good. */
const ssimWeight = 0.03;

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

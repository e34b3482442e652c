/**
 * The decoder that learns along: it makes pictures of codes as well as it can, and the encoder learns to give it nothing (Li et
 * al. 2022, ResSFL). It is small and of another kind than those that judge afterwards.
 */
import type { Expressions, Term } from '../../autodiff/index.ts';
import { int64, sizeOf } from '../../model/index.ts';
import type { Layers } from '../layers.ts';
import { structuralSimilarity } from '../similarity.ts';

interface Extent {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

const [width, inner] = [64, 32];
/** Most weights of the layer that lets every element of the code speak everywhere. */
const mostWeights = 2e6;
const gainOfRelu = Math.sqrt(6);

/** @returns pixels in (0, 1): [batch, channels, height, width] */
export function writeAdversary(
  layers: Layers,
  codes: Term,
  shape: readonly number[],
  { channels, height, width: columns }: Extent,
): Term {
  const name = (part: string) => `adversary.${part}`;
  const size = sizeOf(shape);
  const rows = Math.ceil(height / 4);
  const across = Math.ceil(columns / 4);
  const planes = Math.max(2, Math.min(inner, Math.floor(mostWeights / (size * rows * across))));
  const flat = layers.op(name('flat'), 'Flatten', [codes], { axis: 1 });
  const spread = layers.linear(name('spread'), flat, size, planes * rows * across, Math.sqrt(3));
  const dims = layers.graph.initializer(int64([0, planes, rows, across], [4]));
  let x = layers.op(name('map'), 'Reshape', [spread, dims]);
  const conv = (part: string, inputs: number, outputs: number, gain = gainOfRelu) =>
    layers.conv(name(part), x, { inputs, outputs, kernel: 3, pad: 1 }, gain);
  const relu = (part: string) => layers.relu(name(part), x);
  const shuffled = (part: string) => layers.op(name(part), 'DepthToSpace', [x], { blocksize: 2, mode: 'CRD' });
  x = conv('first', planes, width);
  x = relu('first.relu');
  x = conv('second', width, 4 * inner);
  x = shuffled('second.shuffle');
  x = relu('second.relu');
  x = conv('third', inner, 4 * channels, 1);
  x = shuffled('third.shuffle');
  if (4 * rows !== height || 4 * across !== columns) {
    const ints = (dims: readonly number[]) => layers.graph.initializer(int64(dims, [dims.length]));
    x = layers.op(name('crop'), 'Slice', [x, ints([0, 0]), ints([height, columns]), ints([2, 3])]);
  }
  return layers.op(name('picture'), 'Sigmoid', [x]);
}

/** Of the squared error beside 1 − SSIM, so that both weigh alike where decoders see something. */
const errorWeight = 5;

/** What the adversary makes small, [batch]: 1 − SSIM, and squared differences of pixels. */
export function adversaryLoss(
  g: Expressions,
  seen: Term,
  truth: Term,
  batch: number,
  picture: Extent,
): { readonly loss: Term; readonly similarity: Term } {
  const similarity = structuralSimilarity(g, seen, truth, batch, picture);
  const pixels = picture.channels * picture.height * picture.width;
  const error = g.mul(g.sum(g.square(g.sub(seen, truth)), [1, 2, 3]), errorWeight / pixels);
  return { loss: g.add(g.sub(1, similarity), error), similarity };
}

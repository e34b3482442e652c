/** The untrained decoder for a cut. */

import type { Preprocessing } from '../../../data/index.ts';
import type { Engine } from '../../../engine/index.ts';
import { asFloat32, float32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { layoutOf } from '../../../training/index.ts';
import type { Pairs } from '../pairs.ts';
import { withLeastSquares } from './least-squares.ts';
import { paperDecoder } from './paper.ts';
import { type DecoderSize, residualDecoder } from './residual.ts';
import { featureScales } from './scale.ts';
import { decoderSize } from './size.ts';
import { withUnitScale } from './unit-scale.ts';

/** `paper`: as He et al. (2019) published it for the cut. `residual`: generated for any activation, and stronger. */
export const decoderKinds = ['residual', 'paper'] as const;
export type DecoderKind = (typeof decoderKinds)[number];

/** Pairs by which features are scaled. */
const scaledBy = 256;

/** Nothing is trained yet; what can be had by solving equations is there. */
export async function untrainedDecoder(
  engine: Engine,
  options: { readonly decoder: DecoderKind; readonly cut: string; readonly size?: DecoderSize | undefined },
  observed: Tensors,
  pairs: Pairs,
  picture: Preprocessing,
  random: Random,
  signal?: AbortSignal,
): Promise<Graph> {
  const tensors = Object.entries(observed).map(([name, t]) => ({ name, shape: t.shape.slice(1) }));
  const weights = () => random.fork('weights');
  if (options.decoder === 'paper') return paperDecoder(options.cut, tensors, picture, weights());
  const indices = Int32Array.from({ length: Math.min(scaledBy, pairs.count) }, (_, i) => i);
  const { features, inputs } = await pairs.rows(indices);
  const size = options.size ?? decoderSize(tensors, picture);
  const scales = featureScales(features, picture);
  // What a map gives away it gives away at every place alike: a mean that differs from place to place would be in its way.
  const isMap = tensors.some(({ shape }) => layoutOf(shape, picture).kind === 'map');
  const mean = isMap ? evened(meanOf(inputs), picture) : meanOf(inputs);
  const written = async (linear: boolean) => {
    const { graph, ...parts } = residualDecoder(tensors, scales, mean, picture, { ...size, linear }, weights());
    return { ...parts, graph: await withUnitScale(engine, graph, parts.trunk, features, signal) };
  };
  const { graph, straight } = await written(true);
  if (!straight) return graph;
  const solved = await withLeastSquares(engine, graph, straight, pairs, picture, signal);
  return solved ?? (await written(false)).graph;
}

/** Of all rows, as a batch of one. */
function meanOf(rows: Tensor): Tensor {
  const count = rows.shape[0]!;
  const size = rows.data.length / count;
  const mean = new Float64Array(size);
  const data = asFloat32(rows);
  for (let i = 0; i < data.length; i++) mean[i % size]! += data[i]! / count;
  return float32(Float32Array.from(mean), [1, ...rows.shape.slice(1)]);
}

/** Every pixel the mean of its channel. */
function evened(mean: Tensor, { layout, channels }: Preprocessing): Tensor {
  const data = asFloat32(mean);
  const area = data.length / channels;
  const channelOf = layout === 'NCHW' ? (i: number) => Math.floor(i / area) : (i: number) => i % channels;
  const sums = new Float64Array(channels);
  for (let i = 0; i < data.length; i++) sums[channelOf(i)]! += data[i]! / area;
  return float32(
    data.map((_, i) => sums[channelOf(i)]!),
    mean.shape,
  );
}

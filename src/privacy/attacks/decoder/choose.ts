/** The untrained decoder for a cut. */
import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, float32, type Graph, type Tensor, type Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import type { Pairs } from './pairs.ts';
import { paperDecoder } from './paper.ts';
import { type DecoderSize, residualDecoder } from './residual.ts';
import { featureScales } from './scale.ts';
import { decoderSize } from './size.ts';

/** `paper`: as He et al. (2019) published it for the cut. `residual`: generated for any activation, and stronger. */
export const decoderKinds = ['residual', 'paper'] as const;
export type DecoderKind = (typeof decoderKinds)[number];

/** Pairs by which features are scaled. */
const scaledBy = 256;

export async function untrainedDecoder(
  options: { readonly decoder: DecoderKind; readonly cut: string; readonly size?: DecoderSize | undefined },
  observed: Tensors,
  pairs: Pairs,
  picture: Preprocessing,
  random: Random,
): Promise<Graph> {
  const tensors = Object.entries(observed).map(([name, t]) => ({ name, shape: t.shape.slice(1) }));
  const weights = random.fork('weights');
  if (options.decoder === 'paper') return paperDecoder(options.cut, tensors, picture, weights);
  const indices = Int32Array.from({ length: Math.min(scaledBy, pairs.count) }, (_, i) => i);
  const { features, inputs } = await pairs.rows(indices);
  const size = options.size ?? decoderSize(tensors, picture);
  return residualDecoder(tensors, featureScales(features, picture), meanOf(inputs), picture, size, weights);
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

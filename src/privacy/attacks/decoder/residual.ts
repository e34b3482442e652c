/**
 * A residual decoder for any activation: from the tensors of a cut to the picture. It works at the resolution of the
 * features, where a multiplication is cheapest, and doubles it by sub-pixel convolution (Shi et al. 2016).
 */
import type { Preprocessing } from '../../../data/index.ts';
import type { Graph, Tensor } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { type ActivationShape, Layers } from '../../../training/index.ts';
import { writeEntry } from './entry.ts';
import { gridOfAll } from './grid.ts';
import { writePicture } from './picture.ts';
import type { FeatureScales } from './scale.ts';
import { type StraightPath, straightPath } from './straight.ts';
import type { Trunk } from './unit-scale.ts';

export interface DecoderSize {
  /** Channels at the features' resolution. */
  readonly width: number;
  /** Residual blocks there. */
  readonly blocks: number;
}

/**
 * @param mean network input [1, …]: the mean of the attacker's pictures
 * @param linear whether there is a straight path beside, where one is possible
 * @returns the mean picture whatever it is shown, until it has learnt: a graph with one input [batch, …] for each tensor, by its name, and one output `picture` [batch, …] in the
 *   network's own input space; the batch is symbolic
 */
export function residualDecoder(
  tensors: readonly ActivationShape[],
  scales: FeatureScales,
  mean: Tensor,
  picture: Preprocessing,
  { width: wide, blocks, linear }: DecoderSize & { readonly linear: boolean },
  random: Random,
): { readonly graph: Graph; readonly straight: StraightPath | undefined; readonly trunk: Trunk } {
  const layers = new Layers(random);
  const grid = gridOfAll(tensors, picture);
  const entries = tensors.map((t) => writeEntry(layers, t, scales, grid, wide, picture));
  let x = summed(
    layers,
    'entries',
    entries.map((e) => e.x),
  );
  const trunk: Trunk = { term: x, layers: tensors.map((t) => `entry:${t.name}.conv`) };
  for (let i = 0; i < blocks; i++) x = block(layers, `block${i}`, x, wide);
  let width = wide;
  let { stride } = grid;
  for (; stride > 2; stride /= 2) {
    const next = Math.max(24, width / 2);
    x = doubled(layers, `to${stride / 2}`, layers.relu(`to${stride / 2}.relu`, x), width, next);
    x = block(layers, `at${stride / 2}`, x, next);
    width = next;
  }
  x = layers.relu('last.relu', x);
  const { channels } = picture;
  x =
    stride === 2
      ? doubled(layers, 'last', x, width, channels, 0)
      : layers.conv('last', x, { inputs: width, outputs: channels, kernel: 3, pad: 1 }, 0);
  const straight = linear ? straightPath(layers, entries, grid, picture) : undefined;
  const map = straight?.place === 'grid' ? [straight.term] : [];
  const list = straight?.place === 'picture' ? straight.term : undefined;
  writePicture(layers, summed(layers, 'pixels', [x, ...map]), grid, picture, mean, list);
  return { graph: layers.graph.build('decoder'), straight, trunk };
}

/** x + conv(relu(conv(relu(x)))), which begins as x (He et al. 2016; zero start: Goyal et al. 2017). */
function block(layers: Layers, name: string, x: string, width: number): string {
  const shape = { inputs: width, outputs: width, kernel: 3, pad: 1 };
  const inner = layers.conv(`${name}.a`, layers.relu(`${name}.relu`, x), shape, gainOfRelu);
  const branch = layers.conv(`${name}.b`, layers.relu(`${name}.a.relu`, inner), shape, 0.1);
  return layers.op(`${name}.sum`, 'Add', [x, branch]);
}

function summed(layers: Layers, name: string, terms: readonly string[]): string {
  return terms.length === 1 ? terms[0]! : layers.op(name, 'Sum', [...terms]);
}

/** Twice the rows and columns. */
function doubled(layers: Layers, name: string, x: string, inputs: number, outputs: number, gain = 1): string {
  const wide = layers.conv(name, x, { inputs, outputs: 4 * outputs, kernel: 3, pad: 1 }, gain);
  return layers.op(`${name}.shuffle`, 'DepthToSpace', [wide], { blocksize: 2, mode: 'CRD' });
}

/** Uniform weights within ±√6/√fan-in keep the variance through a ReLU (He et al. 2015). */
const gainOfRelu = Math.sqrt(6);

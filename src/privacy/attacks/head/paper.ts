/** The heads that He et al. (2019, §6) gave an attacker who does not know the structure, by the cut they were made for. */
import type { Preprocessing } from '../../../data/index.ts';
import { CutlineError } from '../../../errors.ts';
import type { Graph } from '../../../model/index.ts';
import { own } from '../../../own.ts';
import type { Random } from '../../../random.ts';
import { Layers } from '../../../training/index.ts';
import type { SeenTensor } from './generated.ts';

interface Published {
  /** Of picture and activation, without the batch. */
  readonly picture: readonly [number, number, number];
  readonly shape: readonly [number, number, number];
  readonly write: (l: Layers, x: string) => string;
}

// The cut may be called conv1 itself.
const conv = (l: Layers, name: string, x: string, inputs: number, outputs: number, kernel = 3, pad = 0) =>
  l.conv(`shadow.${name}`, x, { inputs, outputs, kernel, pad });
const pool = (l: Layers, name: string, x: string) =>
  l.op(name, 'MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] });

const published: Readonly<Record<string, Published>> = {
  conv1: {
    picture: [1, 28, 28],
    shape: [8, 24, 24],
    write: (l, x) => conv(l, 'conv2', conv(l, 'conv1', x, 1, 8), 8, 8),
  },
  ReLU2: {
    picture: [1, 28, 28],
    shape: [16, 8, 8],
    write: (l, x) => {
      const first = l.relu('relu1', conv(l, 'conv2', conv(l, 'conv1', x, 1, 8), 8, 8));
      const second = conv(l, 'conv4', conv(l, 'conv3', pool(l, 'pool1', first), 8, 16), 16, 16);
      return l.relu('relu2', second);
    },
  },
  conv11: {
    picture: [3, 32, 32],
    shape: [64, 32, 32],
    write: (l, x) => conv(l, 'conv2', conv(l, 'conv1', x, 3, 16, 3, 1), 16, 64, 3, 1),
  },
  ReLU22: {
    picture: [3, 32, 32],
    shape: [128, 16, 16],
    write: (l, x) => {
      const first = l.relu('relu1', conv(l, 'conv1', x, 3, 64, 5, 2));
      return l.relu('relu2', conv(l, 'conv2', pool(l, 'pool1', first), 64, 128, 5, 2));
    },
  },
};

/**
 * @returns batch symbolic
 * @throws CutlineError SHADOW_UNFIT for a cut or shapes that the paper has no other head for
 */
export function paperHead(
  cut: string,
  seen: readonly SeenTensor[],
  picture: Preprocessing,
  input: string,
  random: Random,
): Graph {
  const known = own(published, cut);
  const [tensor, ...others] = seen;
  const { channels, height, width, layout } = picture;
  const fits =
    known &&
    tensor &&
    others.length === 0 &&
    layout === 'NCHW' &&
    String([channels, height, width]) === String(known.picture) &&
    String(tensor.shape) === String(known.shape);
  if (!fits) {
    const cuts = Object.keys(published).join(', ');
    const problem = `the paper has other heads for ${cuts} of its own two networks only; take one that is known or generated`;
    throw new CutlineError('SHADOW_UNFIT', { cut, problem });
  }
  const layers = new Layers(random);
  layers.graph.input(input, 'float32', ['batch', ...known.picture]);
  layers.op(tensor.name, 'Identity', [known.write(layers, input)]);
  layers.graph.output(tensor.name, 'float32', ['batch', ...known.shape]);
  return layers.graph.build('shadow');
}

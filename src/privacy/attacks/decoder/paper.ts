/** The decoders of He et al. (2019, appendix), by the cut they were made for. Their output is linear. */
import type { Preprocessing } from '../../../data/index.ts';
import { CutlineError } from '../../../errors.ts';
import type { Graph } from '../../../model/index.ts';
import { own } from '../../../own.ts';
import type { Random } from '../../../random.ts';
import { type ActivationShape, Layers } from '../../../training/index.ts';
import { pictureOutput } from './picture.ts';

interface Published {
  /** Of the activation, without the batch. */
  readonly shape: readonly [number, number, number];
  readonly channels: 1 | 3;
  readonly write: (l: Layers, x: string) => string;
}

const published: Readonly<Record<string, Published>> = {
  conv1: {
    shape: [8, 24, 24],
    channels: 1,
    write: (l, x) => l.conv('conv', x, { inputs: 8, outputs: 1, kernel: 5, pad: 4 }),
  },
  ReLU2: {
    shape: [16, 8, 8],
    channels: 1,
    write: (l, x) => {
      const wide = l.relu('relu', l.convTranspose('up1', x, { inputs: 16, outputs: 8, kernel: 5 }));
      return l.convTranspose('up2', wide, { inputs: 8, outputs: 1, kernel: 5, stride: 2 }, 1);
    },
  },
  conv11: {
    shape: [64, 32, 32],
    channels: 3,
    write: (l, x) => l.convTranspose('up', x, { inputs: 64, outputs: 3, kernel: 3, pad: 1 }),
  },
  ReLU22: {
    shape: [128, 16, 16],
    channels: 3,
    write: (l, x) => {
      const wide = l.relu('relu', twice(l, 'up1', x, 128, 64));
      return l.convTranspose('up2', wide, { inputs: 64, outputs: 3, kernel: 3, pad: 1 });
    },
  },
  ReLU32: {
    shape: [128, 8, 8],
    channels: 3,
    write: (l, x) => {
      const first = l.relu('relu1', twice(l, 'up1', x, 128, 128));
      const second = l.relu('relu2', twice(l, 'up2', first, 128, 64));
      return l.convTranspose('up3', second, { inputs: 64, outputs: 3, kernel: 3, pad: 1 });
    },
  },
};

/** ConvTranspose to twice the rows and columns. */
const twice = (l: Layers, name: string, x: string, inputs: number, outputs: number) =>
  l.convTranspose(name, x, { inputs, outputs, kernel: 3, stride: 2, pad: 1 }, 1);

/** @throws CutlineError DECODER_UNFIT for a cut or a shape that the paper has no decoder for */
export function paperDecoder(
  cut: string,
  tensors: readonly ActivationShape[],
  picture: Preprocessing,
  random: Random,
): Graph {
  const known = own(published, cut);
  const [tensor] = tensors;
  const fits =
    known &&
    tensor &&
    tensors.length === 1 &&
    picture.layout === 'NCHW' &&
    picture.channels === known.channels &&
    String(tensor.shape) === String(known.shape);
  if (!fits) {
    throw new CutlineError('DECODER_UNFIT', {
      cut,
      problem: `the paper has decoders for ${Object.keys(published).join(', ')} of its own two networks only; take --decoder residual`,
    });
  }
  const layers = new Layers(random);
  layers.graph.input(tensor.name, 'float32', ['batch', ...tensor.shape]);
  layers.op(pictureOutput, 'Identity', [known.write(layers, tensor.name)]);
  layers.graph.output(pictureOutput, 'float32', ['batch', picture.channels, picture.height, picture.width]);
  return layers.graph.build('decoder');
}

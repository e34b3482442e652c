/** The graphs of the autoencoder: both halves as one network to train, and each on its own afterwards. */
import { asFloat32, float32, type Graph, GraphBuilder, int64 } from '../model/index.ts';
import type { Random } from '../random.ts';
import { Layers } from './layers.ts';
import type { Whitening } from './whitening.ts';

export interface AutoencoderSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Numbers of a code. */
  readonly code: number;
  /** Channels where rows and columns are fewest; half as many after each doubling, at least 16. */
  readonly channelsInside: number;
}

export const codeName = 'code';
const [inputName, outputName] = ['picture', 'pixels'];

/** Halvings of rows and columns, until seven or eight are left. */
function stages({ height, width }: AutoencoderSize): number {
  return Math.max(1, Math.round(Math.log2(Math.min(height, width) / 7)));
}

/** Channels at a stage; stage 0 has as many rows as the picture. */
const channelsAt = (size: AutoencoderSize, stage: number): number =>
  Math.max(16, Math.round(size.channelsInside / 2 ** (stages(size) - stage)));

/** Multiplications of its layers for a picture. */
export function macsOf(size: AutoencoderSize): number {
  const depth = stages(size);
  let [sum, from] = [0, size.channels];
  for (let stage = 1; stage <= depth; stage++) {
    const outputs = channelsAt(size, stage);
    const area = Math.ceil(size.height / 2 ** stage) * Math.ceil(size.width / 2 ** stage);
    // Down to this stage, and up from it with four values for one.
    sum += 9 * area * from * outputs * (1 + 4);
    if (stage === depth) sum += 2 * size.code * area * outputs;
    from = outputs;
  }
  return sum;
}

/**
 * Pixels [batch, …] to pixels. Rows and columns are halved by convolutions and doubled by sub-pixel convolutions; where they
 * do not divide, the last ones are cropped.
 * @param mean picture that an untrained decoder makes
 */
export function autoencoder(size: AutoencoderSize, mean: Float32Array, random: Random): Graph {
  const layers = new Layers(random);
  const { channels, height, width, code } = size;
  const depth = stages(size);
  let x = layers.graph.input(inputName, 'float32', ['batch', channels, height, width]);
  let from = channels;
  let [h, w] = [height, width];
  for (let stage = 1; stage <= depth; stage++) {
    const outputs = channelsAt(size, stage);
    x = layers.conv(`down${stage}`, x, { inputs: from, outputs, kernel: 3, pad: 1, stride: 2 }, gainOfRelu);
    x = layers.relu(`down${stage}.relu`, x);
    [h, w, from] = [Math.ceil(h / 2), Math.ceil(w / 2), outputs];
  }
  const cells = from * h * w;
  x = layers.op('down.flat', 'Flatten', [x]);
  x = layers.linear(codeName, x, cells, code, Math.sqrt(3));
  x = layers.relu('up.relu', layers.linear('up', x, code, cells, gainOfRelu));
  const shape = layers.graph.initializer(int64([0, from, h, w]), 'up.shape');
  x = layers.op('up.map', 'Reshape', [x, shape]);
  for (let stage = depth - 1; stage >= 0; stage--) {
    const last = stage === 0;
    const outputs = last ? channels : channelsAt(size, stage);
    const name = last ? 'last' : `up${stage}`;
    const gain = last ? 0.1 : gainOfRelu;
    const wide = layers.conv(name, x, { inputs: from, outputs: 4 * outputs, kernel: 3, pad: 1 }, gain);
    x = layers.op(`${name}.shuffle`, 'DepthToSpace', [wide], { blocksize: 2, mode: 'CRD' });
    if (!last) x = layers.relu(`${name}.relu`, x);
    [h, w, from] = [2 * h, 2 * w, outputs];
  }
  if (h !== height || w !== width) {
    const ints = (values: number[]) => layers.graph.constant(values, 'int64');
    const [top, left] = [Math.floor((h - height) / 2), Math.floor((w - width) / 2)];
    const ends = ints([top + height, left + width]);
    x = layers.op('crop', 'Slice', [x, ints([top, left]), ends, ints([2, 3])]);
  }
  // It begins at the mean picture, from which most pictures are not far.
  const logits = mean.map((m) => Math.log(clamped(m) / (1 - clamped(m))));
  const bias = layers.graph.initializer(float32(logits, [channels, height, width]), 'mean.bias');
  layers.op(outputName, 'Sigmoid', [layers.op('logits', 'Add', [x, bias])]);
  layers.graph.output(outputName, 'float32', ['batch', channels, height, width]);
  return layers.graph.build('autoencoder');
}

const clamped = (m: number): number => Math.min(0.98, Math.max(0.02, m));
/** Uniform weights within ±√6/√fan-in keep the variance through a ReLU (He et al. 2015). */
const gainOfRelu = Math.sqrt(6);

/** Pixels to codes, which are made white where that is asked. */
export function encoderOf(whole: Graph, white?: Whitening): Graph {
  const { weight, bias, rows, columns } = linearOf(whole, codeName);
  const k = rows;
  const end = whole.nodes.findIndex((n) => n.outputs[0] === codeName);
  const changed = new Map(whole.initializers);
  if (white) {
    // white = L⁻¹ (W x + b − mean)
    const w = new Float32Array(k * columns);
    const b = new Float32Array(k);
    for (let i = 0; i < k; i++) {
      for (let m = 0; m <= i; m++) {
        const factor = white.inverse[i * k + m]!;
        b[i]! += factor * (bias[m]! - white.mean[m]!);
        for (let c = 0; c < columns; c++) w[i * columns + c]! += factor * weight[m * columns + c]!;
      }
    }
    changed.set(`${codeName}.weight`, float32(w, [k, columns]));
    changed.set(`${codeName}.bias`, float32(b, [k]));
  }
  const b = GraphBuilder.from({
    ...whole,
    nodes: whole.nodes.slice(0, end + 1),
    initializers: read(changed, whole.nodes.slice(0, end + 1)),
  });
  b.output(codeName, 'float32', ['batch', k]);
  return b.build('encoder');
}

/** Codes, white where that is asked, to pixels. */
export function decoderOf(whole: Graph, white?: Whitening): Graph {
  const { weight, bias, rows, columns } = linearOf(whole, 'up');
  const k = columns;
  const begin = whole.nodes.findIndex((n) => n.outputs[0] === codeName) + 1;
  const changed = new Map(whole.initializers);
  if (white) {
    // W (mean + L white) + b
    const w = new Float32Array(rows * k);
    const b = Float32Array.from(bias);
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < k; i++) {
        const own = weight[r * k + i]!;
        b[r]! += own * white.mean[i]!;
        for (let m = 0; m <= i; m++) w[r * k + m]! += own * white.factor[i * k + m]!;
      }
    }
    changed.set('up.weight', float32(w, [rows, k]));
    changed.set('up.bias', float32(b, [rows]));
  }
  const nodes = whole.nodes.slice(begin);
  const b = GraphBuilder.from({
    ...whole,
    inputs: [{ name: codeName, dtype: 'float32', shape: ['batch', k] }],
    nodes,
    initializers: read(changed, nodes),
  });
  for (const v of whole.outputs) b.output(v.name, v.dtype, v.shape);
  return b.build('generator');
}

/** Gemm weights [rows, columns], transposed when they are used. */
function linearOf(graph: Graph, name: string) {
  const weight = graph.initializers.get(`${name}.weight`)!;
  const [rows, columns] = weight.shape as [number, number];
  return { weight: asFloat32(weight), bias: asFloat32(graph.initializers.get(`${name}.bias`)), rows, columns };
}

function read(initializers: Graph['initializers'], nodes: Graph['nodes']): Graph['initializers'] {
  const wanted = new Set(nodes.flatMap((n) => n.inputs));
  return new Map([...initializers].filter(([name]) => wanted.has(name)));
}

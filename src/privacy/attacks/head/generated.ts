/** A head for any cut, from nothing but the shapes of picture and activation: for attackers who do not know the structure. */
import type { Preprocessing } from '../../../data/index.ts';
import { asFloat32, type Graph, int64, type Tensors } from '../../../model/index.ts';
import type { Random } from '../../../random.ts';
import { type ActivationShape, Layers, type Layout, layoutOf } from '../../../training/index.ts';
import { gridFor, gridOfAll } from '../decoder/grid.ts';

const [firstWidth, mostWidth] = [32, 128];
/** Most weights of a layer that makes a list out of a map. */
const mostSpread = 4e6;
/** Convolutions without padding leave so much at least, as LeNet's do of 14 places 8; a map smaller than that has another stride. */
const leastKept = 0.55;

export interface SeenTensor extends ActivationShape {
  /** Whether no value seen was below zero, as after a ReLU. */
  readonly positive: boolean;
}

/** @param tensors of the cut, each [n, …] */
export function seenTensors(tensors: Tensors): SeenTensor[] {
  return Object.entries(tensors).map(([name, tensor]) => ({
    name,
    shape: tensor.shape.slice(1),
    positive: asFloat32(tensor).every((v) => v >= 0),
  }));
}

interface Map2d {
  readonly x: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * One trunk of convolutions, halving rows and columns, from which each tensor of the cut branches off at its resolution.
 * @param seen the tensors of the cut
 * @returns batch symbolic; outputs by the tensors' names
 */
export function generatedHead(
  seen: readonly SeenTensor[],
  picture: Preprocessing,
  input: string,
  random: Random,
): Graph {
  const layers = new Layers(random);
  const { channels, height, width, layout } = picture;
  const dims = layout === 'NCHW' ? [channels, height, width] : [height, width, channels];
  layers.graph.input(input, 'float32', ['batch', ...dims]);
  const x = layout === 'NCHW' ? input : layers.op('own:nchw', 'Transpose', [input], { perm: [0, 3, 1, 2] });
  const first = { inputs: channels, outputs: firstWidth, kernel: 5, pad: 2 };
  const trunk: Map2d[] = [
    {
      x: layers.relu('own:trunk1.relu', layers.conv('own:trunk1', x, first)),
      channels: firstWidth,
      height,
      width,
    },
  ];
  for (const { name, shape: row, positive } of seen) {
    const target = layoutOf(row, picture);
    const { stride } = target.kind === 'map' ? gridFor(target, picture) : gridOfAll([{ name, shape: row }], picture);
    const from = trunkAt(layers, trunk, Math.log2(stride));
    const raw = target.kind === 'map' ? asMap(layers, name, from, target, row) : asList(layers, name, from, row);
    layers.op(name, positive ? 'Relu' : 'Identity', [raw]);
    layers.graph.output(name, 'float32', ['batch', ...row]);
  }
  return layers.graph.build('own head');
}

function trunkAt(layers: Layers, trunk: Map2d[], halvings: number): Map2d {
  while (trunk.length <= halvings) {
    const { x, channels, height, width } = trunk.at(-1)!;
    const outputs = Math.min(mostWidth, 2 * channels);
    const name = `own:trunk${2 ** trunk.length}`;
    const half = layers.conv(name, x, { inputs: channels, outputs, kernel: 3, pad: 1, stride: 2 });
    const size = (d: number) => Math.floor((d - 1) / 2) + 1;
    trunk.push({ x: layers.relu(`${name}.relu`, half), channels: outputs, height: size(height), width: size(width) });
  }
  return trunk[halvings]!;
}

function asMap(
  layers: Layers,
  name: string,
  from: Map2d,
  target: Extract<Layout, { kind: 'map' }>,
  row: readonly number[],
): string {
  const { channels, height, width, order, skip } = target;
  const ints = (values: readonly number[]) => layers.graph.initializer(int64(values, [values.length]));
  const own = `own:${name}`;
  const wide = layers.conv(own, from.x, { inputs: from.channels, outputs: channels, kernel: 3, pad: 1 });
  let x = wide;
  const [rows, columns] = [from.height - height, from.width - width];
  if (rows < 0 || columns < 0 || height < leastKept * from.height || width < leastKept * from.width) {
    const scales = layers.graph.constant([1, 1, height / from.height, width / from.width]);
    x = layers.op(`${own}.resized`, 'Resize', [wide, '', scales], { mode: 'linear' });
  } else if (rows > 0 || columns > 0) {
    const [top, left] = [Math.floor(rows / 2), Math.floor(columns / 2)];
    const [starts, ends] = [ints([top, left]), ints([top + height, left + width])];
    x = layers.op(`${own}.cropped`, 'Slice', [wide, starts, ends, ints([2, 3])]);
  }
  if (order === 'NCHW') return x;
  if (order === 'NHWC') return layers.op(`${own}.nhwc`, 'Transpose', [x], { perm: [0, 2, 3, 1] });
  const list = layers.op(`${own}.list`, 'Reshape', [x, ints([0, channels, height * width])]);
  const tokens = layers.op(`${own}.tokens`, 'Transpose', [list], { perm: [0, 2, 1] });
  if (skip === 0) return tokens;
  // Tokens without a place say something of the whole picture.
  const pooled = layers.op(`${own}.pooled`, 'Flatten', [layers.op(`${own}.gap`, 'GlobalAveragePool', [from.x])]);
  const whole = layers.linear(`${own}.whole`, pooled, from.channels, skip * row[1]!);
  const before = layers.op(`${own}.before`, 'Reshape', [whole, ints([0, skip, row[1]!])]);
  return layers.op(`${own}.all`, 'Concat', [before, tokens], { axis: 1 });
}

function asList(layers: Layers, name: string, from: Map2d, row: readonly number[]): string {
  const own = `own:${name}`;
  const size = row.reduce((a, b) => a * b, 1);
  const area = from.height * from.width;
  const outputs = Math.max(1, Math.min(from.channels, Math.floor(mostSpread / (area * size))));
  const narrow = layers.relu(`${own}.relu`, layers.conv(own, from.x, { inputs: from.channels, outputs, kernel: 1 }));
  const list = layers.linear(`${own}.list`, layers.op(`${own}.flat`, 'Flatten', [narrow]), outputs * area, size);
  return row.length === 1
    ? list
    : layers.op(`${own}.shaped`, 'Reshape', [list, layers.graph.initializer(int64([0, ...row], [row.length + 1]))]);
}

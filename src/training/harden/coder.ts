/** The two halves of a code: from the activation to bounded values, and back. Their tensors bear names under `code.`. */
import type { Layers } from '../layers.ts';
import { hasPatches, patchOf } from './patches.ts';
import { cropped, doubled, ints } from './resized.ts';
import type { ChannelScale } from './scale.ts';
import type { CodeShape, Reading } from './shape.ts';

export interface CoderSize {
  /** Channels inside. */
  readonly width: number;
  /** Residual blocks of the encoder at the code's resolution: what an early cut needs. */
  readonly blocks: number;
}

const gainOfRelu = Math.sqrt(6);

/** @returns the code before it is rounded, within (−1, 1): [batch, …shape] */
export function writeEncoder(
  layers: Layers,
  x: string,
  code: CodeShape,
  scale: ChannelScale,
  { width, blocks }: CoderSize,
): string {
  const { reading, channels } = code;
  const gain = lastGain(code);
  const name = (part: string) => `code.encoder.${part}`;
  const centred = scaled(layers, name, toMap(layers, name('in'), x, reading), reading, scale);
  if (reading.kind === 'list') {
    let inner = layers.relu(name('first.relu'), layers.linear(name('first'), centred, reading.size, width, gainOfRelu));
    for (let i = 0; i < blocks; i++) inner = listBlock(layers, name(`block${i}`), inner, width);
    const last = layers.linear(name('last'), inner, width, channels, gain);
    return layers.op(name('bounded'), 'Tanh', [beside(layers, name, last, patchCode(layers, name, centred, code))]);
  }
  let inner = centred;
  let inputs = reading.channels;
  for (let factor = 1; factor === 1 || factor < code.factor; factor *= 2) {
    const shape = { inputs, outputs: width, kernel: 3, pad: 1, stride: code.factor > 1 ? 2 : 1 };
    inner = layers.relu(name(`down${factor}.relu`), layers.conv(name(`down${factor}`), inner, shape, gainOfRelu));
    inputs = width;
  }
  for (let i = 0; i < blocks; i++) inner = mapBlock(layers, name(`block${i}`), inner, width);
  const last = layers.conv(name('last'), inner, { inputs: width, outputs: channels, kernel: 1 }, gain);
  return layers.op(name('bounded'), 'Tanh', [beside(layers, name, last, patchCode(layers, name, centred, code))]);
}

/** @returns what stands for the activation: [batch, …activation] */
export function writeDecoder(
  layers: Layers,
  codes: string,
  code: CodeShape,
  scale: ChannelScale,
  { width }: CoderSize,
): string {
  const { reading, activation, channels, factor, shape } = code;
  const gain = lastGain(code);
  const name = (part: string) => `code.decoder.${part}`;
  if (reading.kind === 'list') {
    const inner = layers.relu(name('first.relu'), layers.linear(name('first'), codes, channels, width, gainOfRelu));
    const last = layers.linear(name('last'), inner, width, reading.size, gain);
    const whole = beside(layers, name, last, patchBack(layers, name, codes, code));
    const flat = unscaled(layers, name, whole, reading, scale);
    if (activation.length === 1) return flat;
    return layers.op(name('out'), 'Reshape', [flat, ints(layers, [0, ...activation])]);
  }
  let inner = layers.conv(name('first'), codes, { inputs: channels, outputs: width, kernel: 3, pad: 1 }, gainOfRelu);
  inner = layers.relu(name('first.relu'), inner);
  for (let left = factor; left > 1; left /= 2) {
    inner = doubled(layers, name(`up${left}`), inner);
    if (left === 2) break;
    const wide = layers.conv(
      name(`up${left}.conv`),
      inner,
      { inputs: width, outputs: width, kernel: 3, pad: 1 },
      gainOfRelu,
    );
    inner = layers.relu(name(`up${left}.relu`), wide);
  }
  const last = layers.conv(name('last'), inner, { inputs: width, outputs: reading.channels, kernel: 3, pad: 1 }, gain);
  const { height, width: columns } = extentOf(reading);
  const fitted = cropped(layers, name('crop'), last, [shape[1]! * factor, shape[2]! * factor], [height, columns]);
  const whole = beside(layers, name, fitted, patchBack(layers, name, codes, code));
  return fromMap(layers, name('out'), unscaled(layers, name, whole, reading, scale), reading);
}

/** What is worked out beside the layers, in one step and linearly; see `principal.ts` for how it begins. */
function patchCode(layers: Layers, name: Naming, centred: string, code: CodeShape): string | undefined {
  if (!hasPatches(code)) return undefined;
  const { reading, channels, shape } = code;
  const { size, height, width } = patchOf(code);
  if (reading.kind === 'list') return layers.linear(name('patch'), centred, size, channels);
  const extent = extentOf(reading);
  const weight = layers.weight(name('patch.weight'), [channels, reading.channels, height, width], size);
  return layers.op(name('patch'), 'Conv', [centred, weight], {
    kernel_shape: [height, width],
    strides: [height, width],
    pads: [0, 0, shape[1]! * height - extent.height, shape[2]! * width - extent.width],
  });
}

function patchBack(layers: Layers, name: Naming, codes: string, code: CodeShape): string | undefined {
  if (!hasPatches(code)) return undefined;
  const { reading, channels, shape } = code;
  const { size, height, width } = patchOf(code);
  if (reading.kind === 'list') return layers.linear(name('patch'), codes, channels, size);
  const extent = extentOf(reading);
  const weight = layers.weight(name('patch.weight'), [channels, reading.channels, height, width], channels);
  const map = layers.op(name('patch'), 'ConvTranspose', [codes, weight], {
    kernel_shape: [height, width],
    strides: [height, width],
  });
  const from = [shape[1]! * height, shape[2]! * width];
  return cropped(layers, name('patch.crop'), map, from, [extent.height, extent.width]);
}

/** Beside patches the layers begin as nothing. */
const lastGain = (code: CodeShape): number => (hasPatches(code) ? 0 : 1);

const beside = (layers: Layers, name: Naming, inner: string, patch: string | undefined): string =>
  patch === undefined ? inner : layers.op(name('both'), 'Add', [inner, patch]);

function extentOf(reading: Exclude<Reading, { kind: 'list' }>): { height: number; width: number } {
  return reading.kind === 'map' ? reading : { height: reading.tokens, width: 1 };
}

/** Channels first; a sequence is a map one column wide. */
function toMap(layers: Layers, name: string, x: string, reading: Reading): string {
  if (reading.kind === 'list') return layers.op(name, 'Flatten', [x], { axis: 1 });
  if (reading.kind === 'map' && reading.order === 'NCHW') return x;
  if (reading.kind === 'map' && reading.order === 'NHWC')
    return layers.op(name, 'Transpose', [x], { perm: [0, 3, 1, 2] });
  const turned = layers.op(`${name}.turned`, 'Transpose', [x], { perm: [0, 2, 1] });
  const { height, width } = extentOf(reading);
  return layers.op(name, 'Reshape', [turned, ints(layers, [0, reading.channels, height, width])]);
}

function fromMap(layers: Layers, name: string, x: string, reading: Exclude<Reading, { kind: 'list' }>): string {
  if (reading.kind === 'map' && reading.order === 'NCHW') return x;
  if (reading.kind === 'map' && reading.order === 'NHWC')
    return layers.op(name, 'Transpose', [x], { perm: [0, 2, 3, 1] });
  const { height, width } = extentOf(reading);
  const flat = layers.op(`${name}.flat`, 'Reshape', [x, ints(layers, [0, reading.channels, height * width])]);
  return layers.op(name, 'Transpose', [flat], { perm: [0, 2, 1] });
}

type Naming = (part: string) => string;

const alongChannels = (reading: Reading, values: Float32Array): readonly number[] =>
  reading.kind === 'list' ? [values.length] : [values.length, 1, 1];

function scaled(layers: Layers, name: Naming, x: string, reading: Reading, { mean, deviation }: ChannelScale): string {
  const shape = alongChannels(reading, mean);
  const own = (part: string, data: Float32Array) =>
    layers.graph.initializer({ dtype: 'float32', shape, data }, name(part));
  const centred = layers.op(name('centred'), 'Sub', [x, own('mean', mean)]);
  return layers.op(name('scaled'), 'Mul', [
    centred,
    own(
      'inverse',
      deviation.map((d) => 1 / d),
    ),
  ]);
}

function unscaled(
  layers: Layers,
  name: Naming,
  x: string,
  reading: Reading,
  { mean, deviation }: ChannelScale,
): string {
  const shape = alongChannels(reading, mean);
  const own = (part: string, data: Float32Array) =>
    layers.graph.initializer({ dtype: 'float32', shape, data }, name(part));
  const wide = layers.op(name('stretched'), 'Mul', [x, own('deviation', deviation)]);
  return layers.op(name('moved'), 'Add', [wide, own('mean', mean)]);
}

/** x + conv(relu(conv(relu(x)))), nearly x at first (He et al. 2016). */
function mapBlock(layers: Layers, name: string, x: string, width: number): string {
  const shape = { inputs: width, outputs: width, kernel: 3, pad: 1 };
  const first = layers.conv(`${name}.a`, layers.relu(`${name}.relu`, x), shape, gainOfRelu);
  const second = layers.conv(`${name}.b`, layers.relu(`${name}.a.relu`, first), shape, 0.3);
  return layers.op(`${name}.sum`, 'Add', [x, second]);
}

function listBlock(layers: Layers, name: string, x: string, width: number): string {
  const first = layers.linear(`${name}.a`, layers.relu(`${name}.relu`, x), width, width, gainOfRelu);
  const second = layers.linear(`${name}.b`, layers.relu(`${name}.a.relu`, first), width, width, 0.3);
  return layers.op(`${name}.sum`, 'Add', [x, second]);
}

import { attrInt, attrInts, attrString } from '../../../model/graph.ts';
import { type Call, type Operator, type Operators, range, tensor, unsupported } from '../call.ts';
import { channelsFirst, channelsLast, padOrCrop, padSpatial, spread } from '../layout.ts';
import type { Tf, TfTensor } from '../library.ts';
import { windowOf } from '../window.ts';

/** One axis is one of two: [n, w, c] → [n, 1, w, c]. */
const asPlane = (tf: Tf, x: TfTensor): TfTensor => (x.rank === 3 ? tf.expandDims(x, 1) : x);
const two = (list: readonly number[]): [number, number] =>
  list.length === 1 ? [1, list[0]!] : (list as [number, number]);
const three = (list: readonly number[]) => list as [number, number, number];

/** [out, in, …k] → […k, in, out] */
const kernelLast = (tf: Tf, w: TfTensor): TfTensor => tf.transpose(w, [...range(w.rank).slice(2), 1, 0]);

/** TensorFlow refuses strides together with dilations, and some kernels know no dilations: the kernel is dilated instead. */
function dilated(tf: Tf, w: TfTensor, dilations: readonly number[]): TfTensor {
  return dilations.reduce((k, factor, axis) => spread(tf, k, axis, factor), w);
}

const conv: Operator = (call) => {
  const { tf } = call;
  const [x, w] = [tensor(call, 0), tensor(call, 1)];
  if (x.rank < 3 || x.rank > 5) unsupported(`a convolution over ${x.rank - 2} axes`);
  const group = attrInt(call.node, 'group', 1);
  const win = windowOf(call.node, x.shape.slice(2), w.shape.slice(2));
  const padded = padSpatial(tf, channelsLast(tf, x), win.before, win.after);
  const y = channelsFirst(tf, convolve(call, padded, w, group, win.strides, win.dilations));
  return call.inputs[2] ? tf.add(y, perChannel(call, 2, x.rank)) : y;
};

/** @param x [n, …, c] padded; @returns [n, …, out] */
function convolve(
  call: Call,
  x: TfTensor,
  w: TfTensor,
  group: number,
  strides: readonly number[],
  dilations: readonly number[],
): TfTensor {
  const { tf } = call;
  const even = new Set(strides).size === 1;
  if (w.shape[1] === 1 && group > 1 && x.rank <= 4 && even) return depthwise(call, x, group, strides, dilations);
  const plain = dilations.every((d) => d === 1);
  const native = x.rank <= 4 && strides.every((s) => s === 1);
  const kernel = call.prepared(1, `conv:${plain || native ? '' : dilations}`, (k) => {
    const last = kernelLast(tf, k);
    return plain || native ? last : dilated(tf, last, dilations);
  });
  const one = (part: TfTensor, filter: TfTensor): TfTensor => {
    if (x.rank === 5) return tf.conv3d(part as never, filter as never, three(strides), 'valid');
    const y = tf.conv2d(
      asPlane(tf, part) as never,
      (x.rank === 3 ? tf.expandDims(filter, 0) : filter) as never,
      two(strides),
      'valid',
      'NHWC',
      native ? two(dilations) : 1,
    );
    return x.rank === 3 ? tf.squeeze(y, [1]) : y;
  };
  if (group === 1) return one(x, kernel);
  const parts = tf.split(x, group, x.rank - 1);
  const filters = tf.split(kernel, group, kernel.rank - 1);
  return tf.concat(
    parts.map((part, g) => one(part, filters[g]!)),
    x.rank - 1,
  );
}

/** As many groups as channels: [out, 1, …k] → […k, channels, out / channels]. */
function depthwise(
  call: Call,
  x: TfTensor,
  group: number,
  strides: readonly number[],
  dilations: readonly number[],
): TfTensor {
  const { tf } = call;
  const kernel = call.prepared(1, `depthwise:${dilations}`, (w) => {
    const last = dilated(tf, kernelLast(tf, w), dilations);
    const spatial = last.shape.slice(0, -2);
    const split = tf.reshape(last, [...spatial, group, w.shape[0]! / group]);
    return split.rank === 3 ? tf.expandDims(split, 0) : split;
  });
  // One stride for both axes: TensorFlow's depthwise kernel knows no other.
  const y = tf.depthwiseConv2d(asPlane(tf, x) as never, kernel as never, strides[0]!, 'valid');
  return x.rank === 3 ? tf.squeeze(y, [1]) : y;
}

/** A vector over channels that broadcasts against [n, c, …]. */
export function perChannel(call: Call, i: number, rank: number): TfTensor {
  return call.prepared(i, `channels:${rank}`, (b) => call.tf.reshape(b, [b.size, ...range(rank - 2).map(() => 1)]));
}

const convTranspose: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  if (x.rank < 3 || x.rank > 5) unsupported(`a transposed convolution over ${x.rank - 2} axes`);
  const spatial = x.shape.slice(2);
  const group = attrInt(call.node, 'group', 1);
  const strides = attrInts(call.node, 'strides') ?? spatial.map(() => 1);
  const dilations = attrInts(call.node, 'dilations') ?? spatial.map(() => 1);
  // [in, out / group, …k] → […k, out / group, in]
  const kernel = call.prepared(1, `transposed:${dilations}`, (k) => dilated(tf, kernelLast(tf, k), dilations));
  const full = spatial.map((n, d) => (n - 1) * strides[d]! + kernel.shape[d]!);
  const { before, output } = placement(call, spatial, full, strides);
  const last = channelsLast(tf, x);
  const parts = group === 1 ? [last] : tf.split(last, group, last.rank - 1);
  const filters = group === 1 ? [kernel] : tf.split(kernel, group, kernel.rank - 1);
  const made = parts.map((part, g) => transposed(tf, part, filters[g]!, full, strides));
  const y = channelsFirst(tf, made.length === 1 ? made[0]! : tf.concat(made, x.rank - 1));
  const after = output.map((n, d) => n + before[d]! - full[d]!);
  const placed = padOrCrop(tf, y, [0, 0, ...before.map((b) => -b)], [0, 0, ...after]);
  return call.inputs[2] ? tf.add(placed, perChannel(call, 2, x.rank)) : placed;
};

function transposed(
  tf: Tf,
  x: TfTensor,
  kernel: TfTensor,
  full: readonly number[],
  strides: readonly number[],
): TfTensor {
  const n = x.shape[0]!;
  const out = kernel.shape[kernel.rank - 2]!;
  if (x.rank === 5) {
    const shape = [n, full[0]!, full[1]!, full[2]!, out] as [number, number, number, number, number];
    return tf.conv3dTranspose(x as never, kernel as never, shape, three(strides), 'valid');
  }
  const [h, w] = two(full);
  const filter = x.rank === 3 ? tf.expandDims(kernel, 0) : kernel;
  const y = tf.conv2dTranspose(asPlane(tf, x) as never, filter as never, [n, h, w, out], two(strides), 'valid');
  return x.rank === 3 ? tf.squeeze(y, [1]) : y;
}

/** How much of the full result is cut off in front, and how much is left. */
function placement(call: Call, spatial: readonly number[], full: readonly number[], strides: readonly number[]) {
  const { node } = call;
  const extra = attrInts(node, 'output_padding') ?? spatial.map(() => 0);
  const pads = attrInts(node, 'pads') ?? [...spatial, ...spatial].map(() => 0);
  const auto = attrString(node, 'auto_pad', 'NOTSET');
  const wanted = attrInts(node, 'output_shape')?.slice(-spatial.length);
  const axes = spatial.map((n, d) => {
    const whole = full[d]! + extra[d]!;
    const size = wanted?.[d] ?? (auto.startsWith('SAME') ? n * strides[d]! : undefined);
    if (size === undefined) {
      if (auto === 'VALID') return { before: 0, output: whole };
      return { before: pads[d]!, output: whole - pads[d]! - pads[d + spatial.length]! };
    }
    // "If auto_pads == SAME_UPPER the odd one goes to the end, otherwise to the start."
    const total = Math.max(whole - size, 0);
    const half = Math.floor(total / 2);
    return { before: auto === 'SAME_UPPER' ? half : total - half, output: size };
  });
  return { before: axes.map((a) => a.before), output: axes.map((a) => a.output) };
}

export const convolutions: Operators = { Conv: conv, ConvTranspose: convTranspose };

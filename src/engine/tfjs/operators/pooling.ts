import { attrInt, attrInts } from '../../../model/graph.ts';
import { sizeOf } from '../../../model/tensor.ts';
import { type Call, input, type Operator, type Operators, type Result, range, tensor, unsupported } from '../call.ts';
import { channelsFirst, channelsLast, padOrCrop, padSpatial } from '../layout.ts';
import type { TfTensor } from '../library.ts';
import { type Window, windowOf } from '../window.ts';

const lowest = -3.4028234663852886e38;

const geometry = (call: Call, x: TfTensor): Window =>
  windowOf(call.node, x.shape.slice(2), attrInts(call.node, 'kernel_shape') ?? []);

const ending = (win: Window): number[] => win.after.map((n, d) => n + win.over[d]!);
const plain = (x: TfTensor, win: Window): boolean => x.rank === 4 && win.dilations.every((d) => d === 1);
const pair = (list: readonly number[]) => [list[0]!, list[1]!] as [number, number];

/** Positions within a window, the last axis fastest. */
function taps(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>((list, k) => list.flatMap((t) => range(k).map((i) => [...t, i])), [[]]);
}

/** For each position within the window the elements that lie there: [n, c, …output] each. */
function shifted(call: Call, x: TfTensor, win: Window, fill: number): TfTensor[] {
  const padded = padOrCrop(call.tf, x, [0, 0, ...win.before], [0, 0, ...ending(win)], fill);
  return taps(win.kernel).map((tap) => {
    const begin = tap.map((t, d) => t * win.dilations[d]!);
    const end = begin.map((b, d) => b + (win.output[d]! - 1) * win.strides[d]! + 1);
    return call.tf.stridedSlice(padded, [0, 0, ...begin], [x.shape[0]!, x.shape[1]!, ...end], [1, 1, ...win.strides]);
  });
}

const maxPool: Operator = (call) => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  if (attrInt(node, 'storage_order', 0) !== 0) unsupported('storage_order 1');
  const win = geometry(call, x);
  if (node.outputs[1]) return maxWithIndices(call, x, win);
  if (!plain(x, win)) return shifted(call, x, win, lowest).reduce((a, b) => tf.maximum(a, b));
  const padded = padSpatial(tf, channelsLast(tf, x), win.before, ending(win), lowest);
  return channelsFirst(tf, tf.maxPool(padded as never, pair(win.kernel), pair(win.strides), 'valid'));
};

/** The first of equal maxima wins. Indices are positions in the whole flattened input. */
function maxWithIndices(call: Call, x: TfTensor, win: Window): readonly Result[] {
  const { tf } = call;
  const windows = tf.stack(shifted(call, x, win, lowest), -1);
  const spatial = x.shape.slice(2);
  const pitch = spatial.map((_, d) => sizeOf(spatial.slice(d + 1)));
  const offsets = taps(win.kernel).map((tap) => tap.reduce((sum, t, d) => sum + t * win.dilations[d]! * pitch[d]!, 0));
  const chosen = tf.gather(tf.tensor1d(offsets, 'int32'), tf.cast(tf.argMax(windows, -1), 'int32'));
  const indices = tf.add(chosen, tf.tensor(corners(x.shape, win, pitch), chosen.shape, 'int32'));
  return [tf.max(windows, -1), { dtype: 'int64', tensor: indices }];
}

/** Flat position of the first element of each window; it may lie in the padding. */
function corners(shape: readonly number[], win: Window, pitch: readonly number[]): Int32Array {
  const [n, c, ...spatial] = shape as [number, number, ...number[]];
  const plane = sizeOf(spatial);
  const inner = taps(win.output).map((at) =>
    at.reduce((sum, o, d) => sum + (o * win.strides[d]! - win.before[d]!) * pitch[d]!, 0),
  );
  return Int32Array.from({ length: n * c * inner.length }, (_, i) => {
    return Math.floor(i / inner.length) * plane + inner[i % inner.length]!;
  });
}

const averagePool: Operator = (call) => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const win = geometry(call, x);
  const counts = tf.tensor(divisors(x.shape.slice(2), win, attrInt(node, 'count_include_pad', 0) === 1), [
    ...win.output,
  ]);
  if (!plain(x, win)) return tf.div(tf.addN(shifted(call, x, win, 0)), counts);
  const padded = padSpatial(tf, channelsLast(tf, x), win.before, ending(win));
  const mean = channelsFirst(tf, tf.avgPool(padded as never, pair(win.kernel), pair(win.strides), 'valid'));
  return tf.mul(mean, tf.div(sizeOf(win.kernel), counts));
};

/** (Σ |x|ᵖ)^(1/p) */
const norm = (call: Call, total: (powers: TfTensor) => TfTensor): TfTensor => {
  const { tf } = call;
  const p = attrInt(call.node, 'p', 2);
  return tf.pow(total(tf.pow(tf.abs(tensor(call, 0)), p)), 1 / p);
};

const lpPool: Operator = (call) =>
  norm(call, (powers) => call.tf.addN(shifted(call, powers, geometry(call, powers), 0)));

/** How many elements each window averages. What ceil_mode lets hang over beyond the padding is not counted. */
function divisors(spatial: readonly number[], win: Window, includePad: boolean): Float32Array {
  const along = win.output.map((n, d) =>
    range(n).map((o) => {
      const positions = range(win.kernel[d]!).map((k) => o * win.strides[d]! + k * win.dilations[d]! - win.before[d]!);
      const low = includePad ? -win.before[d]! : 0;
      const high = spatial[d]! + (includePad ? win.after[d]! : 0);
      return positions.filter((p) => p >= low && p < high).length;
    }),
  );
  return Float32Array.from(taps(win.output), (at) => at.reduce((product, o, d) => product * along[d]![o]!, 1));
}

/** X and the Indices of a MaxPool; the result has the shape that was pooled, or `output_shape`. */
const maxUnpool: Operator = (call) => {
  const { tf, node } = call;
  const [x, indices] = [tensor(call, 0), tensor(call, 1)];
  const kernel = attrInts(node, 'kernel_shape') ?? [];
  const strides = attrInts(node, 'strides') ?? kernel.map(() => 1);
  const pads = attrInts(node, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  const size = (d: number) => (x.shape[d + 2]! - 1) * strides[d]! - pads[d]! - pads[d + kernel.length]! + kernel[d]!;
  const shape = call.inputs[2]
    ? input(call, 2).numbers()
    : [x.shape[0]!, x.shape[1]!, ...kernel.map((_, d) => size(d))];
  const flat = tf.scatterND(tf.reshape(indices, [-1, 1]), tf.reshape(x, [-1]), [sizeOf(shape)]);
  return tf.reshape(flat, shape);
};

const global =
  (f: 'mean' | 'max'): Operator =>
  (call) => {
    const x = tensor(call, 0);
    return call.tf[f](x, range(x.rank).slice(2), true);
  };

export const pooling: Operators = {
  MaxPool: maxPool,
  AveragePool: averagePool,
  LpPool: lpPool,
  GlobalLpPool: (call) => norm(call, (powers) => call.tf.sum(powers, range(powers.rank).slice(2), true)),
  MaxUnpool: maxUnpool,
  GlobalAveragePool: global('mean'),
  GlobalMaxPool: global('max'),
};

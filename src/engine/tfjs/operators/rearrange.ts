import { attrInt, attrInts, attrString } from '../../../model/graph.ts';
import {
  type Call,
  float,
  input,
  intsFrom,
  type Operator,
  type Operators,
  positiveAxis,
  type Result,
  range,
  tensor,
  unsupported,
} from '../call.ts';
import { padOrCrop } from '../layout.ts';
import type { TfTensor } from '../library.ts';

const transpose: Operator = (call) => {
  const x = tensor(call, 0);
  return call.tf.transpose(x, attrInts(call.node, 'perm') ?? range(x.rank).reverse());
};

const concat: Operator = (call) => {
  const parts = call.inputs.map((_, i) => tensor(call, i));
  return call.tf.concat(parts, positiveAxis(attrInt(call.node, 'axis', 0), parts[0]!.rank));
};

/** Parts are given as attribute (before 13), as input, as `num_outputs` (18), or by the number of outputs. */
const split: Operator = (call): readonly Result[] => {
  const x = tensor(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.rank);
  const n = x.shape[axis]!;
  const parts = attrInt(call.node, 'num_outputs', call.node.outputs.length);
  const size = Math.ceil(n / parts);
  const sizes = intsFrom(call, 'split', 1) ?? range(parts).map((i) => Math.min(size, n - i * size));
  return call.tf.split(x, sizes, axis);
};

/** numpy's start:end:step on an axis of n elements. */
function section(n: number, start: number, end: number, step: number) {
  const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + n : v, low), high);
  const first = step > 0 ? clamp(start, 0, n) : clamp(start, 0, n - 1);
  const stop = step > 0 ? clamp(end, 0, n) : clamp(end, -1, n - 1);
  return { first, step, count: Math.max(Math.ceil((stop - first) / step), 0) };
}

/** Attributes before opset 10, inputs since. */
const slice: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const starts = intsFrom(call, 'starts', 1) ?? [];
  const ends = intsFrom(call, 'ends', 2) ?? [];
  const axes = (intsFrom(call, 'axes', 3) ?? range(starts.length)).map((a) => positiveAxis(a, x.rank));
  const steps = call.inputs[4]?.numbers() ?? starts.map(() => 1);
  const sections = x.shape.map((n, d) => {
    const i = axes.indexOf(d);
    return i < 0 ? { first: 0, step: 1, count: n } : section(n, starts[i]!, ends[i]!, steps[i]!);
  });
  const backwards = sections.flatMap((s, d) => (s.step < 0 ? [d] : []));
  const forwards = backwards.length > 0 ? tf.reverse(x, backwards) : x;
  const first = sections.map((s, d) => (s.step < 0 ? x.shape[d]! - 1 - s.first : s.first));
  const counts = sections.map((s) => s.count);
  if (sections.every((s) => Math.abs(s.step) === 1) || counts.includes(0)) return tf.slice(forwards, first, counts);
  const pitch = sections.map((s) => Math.abs(s.step));
  const end = first.map((f, d) => f + (counts[d]! - 1) * pitch[d]! + 1);
  return tf.stridedSlice(forwards, first, end, pitch);
};

const tile: Operator = (call) => call.tf.tile(tensor(call, 0), input(call, 1).numbers());

const depthToSpace: Operator = (call) => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const b = attrInt(node, 'blocksize', 1);
  const [n, depth, h, w] = x.shape as [number, number, number, number];
  const c = depth / b ** 2;
  const columns = attrString(node, 'mode', 'DCR') === 'CRD';
  const apart = tf.reshape(x, columns ? [n, c, b, b, h, w] : [n, b, b, c, h, w]);
  const order = columns ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
  return tf.reshape(tf.transpose(apart, order), [n, c, h * b, w * b]);
};

const spaceToDepth: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const b = attrInt(call.node, 'blocksize', 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const apart = tf.reshape(x, [n, c, h / b, b, w / b, b]);
  return tf.reshape(tf.transpose(apart, [0, 3, 5, 1, 2, 4]), [n, c * b ** 2, h / b, w / b]);
};

/** Turns round the first `length` steps of each sequence. */
const reverseSequence: Operator = (call) => {
  const { tf, node } = call;
  const x = tensor(call, 0);
  const lengths = input(call, 1).numbers();
  const [time, batch] = [attrInt(node, 'time_axis', 0), attrInt(node, 'batch_axis', 1)];
  const steps = x.shape[time]!;
  const order = [batch, time, ...range(x.rank).filter((d) => d !== batch && d !== time)];
  const rows = tf.transpose(x, order);
  const places = lengths.flatMap((n, i) => range(steps).map((t) => i * steps + (t < n ? n - 1 - t : t)));
  const flat = tf.reshape(rows, [lengths.length * steps, -1]);
  const turned = tf.reshape(tf.gather(flat, tf.tensor1d(places, 'int32')), rows.shape);
  return tf.transpose(
    turned,
    range(x.rank).map((d) => order.indexOf(d)),
  );
};

/** The triangle on one side of diagonal k. */
const trilu: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const [k = 0] = call.inputs[1]?.numbers() ?? [];
  const upper = attrInt(call.node, 'upper', 1) === 1;
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const keep = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const distance = (i % columns) - Math.floor(i / columns);
    return (upper ? distance >= k : distance <= k) ? 1 : 0;
  });
  const mask = tf.broadcastTo(tf.tensor2d(keep, [rows, columns], 'bool'), x.shape);
  return tf.where(mask, x, tf.zerosLike(x));
};

/** Pads are an attribute before opset 11, an input since; `axes` since 18. Negative pads crop. */
const pad: Operator = (call) => {
  const x = tensor(call, 0);
  const { before, after } = widths(call, x.rank);
  const mode = attrString(call.node, 'mode', 'constant');
  if (mode === 'constant') {
    const fill = call.opset < 11 ? float(call, 'value', 0) : (call.inputs[2]?.numbers()[0] ?? 0);
    return padOrCrop(call.tf, x, before, after, fill);
  }
  return x.shape.reduce<TfTensor>((y, n, d) => {
    if (before[d] === 0 && after[d] === 0) return y;
    const from = range(n + before[d]! + after[d]!).map((i) => source(mode, i - before[d]!, n));
    return call.tf.gather(y, call.tf.tensor1d(from, 'int32'), d);
  }, x);
};

function widths(call: Call, rank: number): { before: number[]; after: number[] } {
  const pads = intsFrom(call, 'pads', 1) ?? [];
  const axes = call.inputs[3]?.numbers().map((a) => positiveAxis(a, rank));
  const before = range(rank).map(() => 0);
  const after = [...before];
  const count = pads.length / 2;
  for (let i = 0; i < count; i++) {
    before[axes?.[i] ?? i] = pads[i]!;
    after[axes?.[i] ?? i] = pads[i + count]!;
  }
  return { before, after };
}

/** The position in [0, n) that a position outside repeats. */
function source(mode: string, position: number, n: number): number {
  if (mode === 'edge') return Math.min(Math.max(position, 0), n - 1);
  if (mode === 'wrap') return ((position % n) + n) % n;
  if (mode !== 'reflect') unsupported(`padding mode ${mode}`);
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const within = ((position % period) + period) % period;
  return within < n ? within : period - within;
}

export const rearrangements: Operators = {
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  ReverseSequence: reverseSequence,
  Trilu: trilu,
  Pad: pad,
};

import { attrInt, attrString } from '../../../model/graph.ts';
import { sizeOf } from '../../../model/tensor.ts';
import { type Call, input, type Operator, type Operators, positiveAxis, range, tensor, unsupported } from '../call.ts';
import type { Tf, TfTensor } from '../library.ts';

/** Negative indices count from the end. `extents` broadcasts against the indices. */
function fromFront(tf: Tf, indices: TfTensor, extents: TfTensor): TfTensor {
  const whole = tf.cast(indices, 'int32');
  return tf.add(whole, tf.mul(tf.cast(tf.less(whole, 0), 'int32'), extents));
}

const gather: Operator = (call) => {
  const { tf } = call;
  const x = tensor(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.rank);
  const n = x.shape[axis]!;
  const indices = fromFront(tf, tensor(call, 1), tf.scalar(n, 'int32'));
  checkIndices(tf, indices, n);
  return { dtype: input(call, 0).dtype, tensor: tf.gather(x, indices as never, axis) };
};

/** Some backends read beyond the end. */
function checkIndices(tf: Tf, indices: TfTensor, n: number): void {
  if (indices.size === 0) return;
  const outside = tf.any(tf.logicalOr(tf.less(indices, 0), tf.greaterEqual(indices, n)));
  if (outside.dataSync()[0]) throw new Error(`an index is outside the ${n} elements of the axis`);
}

/** Flat positions of elements that differ from their own place along one axis only. */
function flatPositions(call: Call, x: TfTensor, indices: TfTensor, axis: number): TfTensor {
  const { tf } = call;
  const n = x.shape[axis]!;
  const along = fromFront(tf, indices, tf.scalar(n, 'int32'));
  checkIndices(tf, along, n);
  const pitch = x.shape.map((_, d) => sizeOf(x.shape.slice(d + 1)));
  return x.shape.reduce<TfTensor>(
    (sum, _, d) => {
      if (d === axis) return sum;
      const count = indices.shape[d]!;
      const places = tf.mul(tf.range(0, count, 1, 'int32'), tf.scalar(pitch[d]!, 'int32'));
      const shape = indices.shape.map((__, e) => (e === d ? count : 1));
      return tf.add(sum, tf.reshape(places, shape));
    },
    tf.mul(along, tf.scalar(pitch[axis]!, 'int32')),
  );
}

const gatherElements: Operator = (call) => {
  const { tf } = call;
  const [x, indices] = [tensor(call, 0), tensor(call, 1)];
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.rank);
  const positions = flatPositions(call, x, indices, axis);
  const dtype = input(call, 0).dtype;
  return { dtype, tensor: tf.gather(tf.reshape(x, [-1]), positions as never) };
};

/** Makes the last axis of the indices count from the front. */
function coordinates(tf: Tf, indices: TfTensor, extents: readonly number[]): TfTensor {
  return fromFront(tf, indices, tf.tensor1d([...extents], 'int32'));
}

/** The last axis of the indices is a (partial) index into data, after `batch_dims` shared axes. */
const gatherND: Operator = (call) => {
  const { tf } = call;
  const [x, raw] = [tensor(call, 0), tensor(call, 1)];
  const batch = attrInt(call.node, 'batch_dims', 0);
  const length = raw.shape.at(-1)!;
  const outer = raw.shape.slice(0, -1);
  const indices = tf.reshape(coordinates(tf, raw, x.shape.slice(batch, batch + length)), [-1, length]);
  const dtype = input(call, 0).dtype;
  const shape = [...outer, ...x.shape.slice(batch + length)];
  if (batch === 0) return { dtype, tensor: tf.reshape(tf.gatherND(x, indices), shape) };
  const rows = sizeOf(outer);
  const batches = sizeOf(x.shape.slice(0, batch));
  const which = tf.tensor2d(
    range(rows).map((i) => Math.floor((i * batches) / rows)),
    [rows, 1],
    'int32',
  );
  const found = tf.gatherND(tf.reshape(x, [batches, ...x.shape.slice(batch)]), tf.concat([which, indices], 1));
  return { dtype, tensor: tf.reshape(found, shape) };
};

/** The JavaScript backend writes the updates into the data it was given, which others read: it gets data of its own. */
function independent(tf: Tf, x: TfTensor): TfTensor {
  return x.dtype === 'bool' ? tf.logicalOr(x, tf.zerosLike(x)) : tf.add(x, tf.zerosLike(x));
}

/** Updates replace or are added. @param indices [count, coordinates] */
function scatter(call: Call, x: TfTensor, indices: TfTensor, updates: TfTensor): TfTensor {
  const { tf } = call;
  const reduction = attrString(call.node, 'reduction', 'none');
  if (reduction === 'none') return tf.tensorScatterUpdate(independent(tf, x), indices, updates);
  if (reduction === 'add') return tf.add(x, tf.scatterND(indices, updates, x.shape));
  return unsupported(`reduction ${reduction}`);
}

const scatterElements: Operator = (call) => {
  const { tf } = call;
  const [x, indices, updates] = [tensor(call, 0), tensor(call, 1), tensor(call, 2)];
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.rank);
  const positions = tf.reshape(flatPositions(call, x, indices, axis), [-1, 1]);
  const flat = scatter(call, tf.reshape(x, [-1]), positions, tf.reshape(updates, [-1]));
  return { dtype: input(call, 0).dtype, tensor: tf.reshape(flat, x.shape) };
};

const scatterND: Operator = (call) => {
  const { tf } = call;
  const [x, raw, updates] = [tensor(call, 0), tensor(call, 1), tensor(call, 2)];
  const length = raw.shape.at(-1)!;
  const indices = tf.reshape(coordinates(tf, raw, x.shape.slice(0, length)), [-1, length]);
  const rows = tf.reshape(updates, [indices.shape[0]!, ...x.shape.slice(length)]);
  return { dtype: input(call, 0).dtype, tensor: scatter(call, x, indices, rows) };
};

/** Inputs: indices, depth, [off, on]. Indices outside [-depth, depth) give a row of "off". */
const oneHot: Operator = (call) => {
  const { tf } = call;
  const indices = tensor(call, 0);
  const [depth = 0] = input(call, 1).numbers();
  const values = input(call, 2);
  const axis = positiveAxis(attrInt(call.node, 'axis', -1), indices.rank + 1);
  const hot = tf.expandDims(fromFront(tf, indices, tf.scalar(depth, 'int32')), axis);
  const places = tf.reshape(
    tf.range(0, depth, 1, 'int32'),
    hot.shape.map((_, d) => (d === axis ? depth : 1)),
  );
  const [off, on] = [0, 1].map((i) => tf.slice(values.tensor, [i], [1]));
  const mask = tf.equal(hot, places);
  const one = (t: TfTensor) => tf.broadcastTo(t, mask.shape);
  return { dtype: values.dtype, tensor: tf.where(mask, one(on!), one(off!)) };
};

export const gathers: Operators = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  /** ScatterElements before opset 11. */
  Scatter: scatterElements,
  ScatterElements: scatterElements,
  ScatterND: scatterND,
  OneHot: oneHot,
};

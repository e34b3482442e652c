import { attrInt, attrString } from '../../../src/model/graph.ts';
import { type Call, type Operators, required } from './call.ts';
import { at, flat, forEachIndex, positiveAxis, tabulate, type Value } from './value.ts';

/** Negative indices count from the end. */
const wrap = (index: number, n: number): number => {
  if (index < -n || index >= n) throw new RangeError(`index ${index} is outside ${n}`);
  return index < 0 ? index + n : index;
};

const replace = (index: readonly number[], axis: number, value: number): number[] =>
  index.map((v, d) => (d === axis ? value : v));

export const gathers: Operators = {
  /** Shape: data before the axis, indices, data after the axis. */
  Gather: (call) => {
    const x = required(call, 0);
    const indices = required(call, 1);
    const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.shape.length);
    const rank = indices.shape.length;
    const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
    return tabulate(x.dtype, shape, (index) => {
      const chosen = at(indices, index.slice(axis, axis + rank));
      return at(x, [...index.slice(0, axis), wrap(chosen, x.shape[axis]!), ...index.slice(axis + rank)]);
    });
  },

  GatherElements: (call) => {
    const x = required(call, 0);
    const indices = required(call, 1);
    const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.shape.length);
    return tabulate(x.dtype, indices.shape, (index, i) =>
      at(x, replace(index, axis, wrap(indices.data[i]!, x.shape[axis]!))),
    );
  },

  /** The last axis of the indices is a (partial) index into data, after `batch_dims` shared axes. */
  GatherND: (call) => {
    const x = required(call, 0);
    const indices = required(call, 1);
    const batch = attrInt(call.node, 'batch_dims', 0);
    const length = indices.shape.at(-1)!;
    const outer = indices.shape.slice(0, -1);
    return tabulate(x.dtype, [...outer, ...x.shape.slice(batch + length)], (index) => {
      const row = index.slice(0, outer.length);
      const prefix = Array.from({ length }, (_, k) => wrap(at(indices, [...row, k]), x.shape[batch + k]!));
      return at(x, [...index.slice(0, batch), ...prefix, ...index.slice(outer.length)]);
    });
  },

  /** ScatterElements before opset 11. */
  Scatter: (call) => scatterElements(call),
  ScatterElements: (call) => scatterElements(call),

  ScatterND: (call) => {
    const x = required(call, 0);
    const indices = required(call, 1);
    const updates = required(call, 2);
    const put = reduction(call);
    const outer = indices.shape.slice(0, -1);
    const length = indices.shape.at(-1)!;
    const y = { ...x, data: x.data.slice() };
    forEachIndex(updates.shape, (index, i) => {
      const row = index.slice(0, outer.length);
      const prefix = Array.from({ length }, (_, k) => wrap(at(indices, [...row, k]), x.shape[k]!));
      const to = flat(x.shape, [...prefix, ...index.slice(outer.length)]);
      y.data[to] = put(y.data[to]!, updates.data[i]!);
    });
    return y;
  },

  /** Inputs: indices, depth, [off, on]. */
  OneHot: (call) => {
    const indices = required(call, 0);
    const depth = required(call, 1).data[0]!;
    const values: Value = required(call, 2);
    const rank = indices.shape.length + 1;
    const axis = positiveAxis(attrInt(call.node, 'axis', -1), rank);
    const shape = [...indices.shape.slice(0, axis), depth, ...indices.shape.slice(axis)];
    return tabulate(values.dtype, shape, (index) => {
      const hot = at(indices, [...index.slice(0, axis), ...index.slice(axis + 1)]);
      // Indices outside [-depth, depth) give a row of "off".
      return (hot < 0 ? hot + depth : hot) === index[axis] ? values.data[1]! : values.data[0]!;
    });
  },
};

function scatterElements(call: Call): Value {
  const x = required(call, 0);
  const indices = required(call, 1);
  const updates = required(call, 2);
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.shape.length);
  const put = reduction(call);
  const y = { ...x, data: x.data.slice() };
  forEachIndex(indices.shape, (index, i) => {
    const to = flat(x.shape, replace(index, axis, wrap(indices.data[i]!, x.shape[axis]!)));
    y.data[to] = put(y.data[to]!, updates.data[i]!);
  });
  return y;
}

function reduction(call: Call): (old: number, update: number) => number {
  const name = attrString(call.node, 'reduction', 'none');
  switch (name) {
    case 'none':
      return (_, update) => update;
    case 'add':
      return (old, update) => old + update;
    case 'mul':
      return (old, update) => old * update;
    case 'max':
      return Math.max;
    case 'min':
      return Math.min;
    default:
      throw new Error(`${call.node.op} with reduction ${name}`);
  }
}

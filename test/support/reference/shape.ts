import { attrInt } from '../../../src/model/graph.ts';
import type { DType } from '../../../src/model/tensor.ts';
import { sizeOf } from '../../../src/model/tensor.ts';
import { type Call, intsFrom, type Operators, required, unsupported } from './call.ts';
import { fromTensor, ints, positiveAxis, tabulate, type Value } from './value.ts';

const withShape = (x: Value, shape: readonly number[]): Value => {
  if (sizeOf(shape) !== x.data.length) throw new Error(`cannot see [${x.shape}] as [${shape}]`);
  return { ...x, shape };
};

/** Operators about shapes, and constants. */
export const shapes: Operators = {
  Reshape: (call) => {
    const x = required(call, 0);
    const keepZero = attrInt(call.node, 'allowzero', 0) === 1;
    const wanted = intsFrom(call, 'shape', 1)!;
    const shape = wanted.map((n, d) => (n === 0 && !keepZero ? x.shape[d]! : n));
    const known = sizeOf(shape.filter((n) => n !== -1));
    return withShape(
      x,
      shape.map((n) => (n === -1 ? x.data.length / known : n)),
    );
  },

  Flatten: (call) => {
    const x = required(call, 0);
    const axis = attrInt(call.node, 'axis', 1);
    const split = axis < 0 ? axis + x.shape.length : axis;
    return withShape(x, [sizeOf(x.shape.slice(0, split)), sizeOf(x.shape.slice(split))]);
  },

  /** Axes are an attribute before opset 13, an input since. */
  Squeeze: (call) => {
    const x = required(call, 0);
    const axes = intsFrom(call, 'axes', 1)?.map((a) => positiveAxis(a, x.shape.length));
    return withShape(
      x,
      x.shape.filter((n, d) => (axes ? !axes.includes(d) : n !== 1)),
    );
  },

  Unsqueeze: (call) => {
    const x = required(call, 0);
    const given = intsFrom(call, 'axes', 1)!;
    const rank = x.shape.length + given.length;
    const axes = given.map((a) => positiveAxis(a, rank));
    const rest = [...x.shape];
    return withShape(
      x,
      Array.from({ length: rank }, (_, d) => (axes.includes(d) ? 1 : rest.shift()!)),
    );
  },

  /** `start` and `end` since opset 15. */
  Shape: (call) => {
    const { shape } = required(call, 0);
    return ints(shape.slice(attrInt(call.node, 'start', 0), attrInt(call.node, 'end', shape.length)));
  },

  Size: (call) => ints([required(call, 0).data.length], []),

  Constant: (call) => constant(call),

  ConstantOfShape: (call) => {
    const value = call.node.attributes.value;
    const fill = value?.type === 'tensor' ? fromTensor(value.value) : tabulate('float32', [1], () => 0);
    return tabulate(fill.dtype, Array.from(required(call, 0).data), () => fill.data[0]!);
  },

  Range: (call) => {
    const [start, limit, delta] = [0, 1, 2].map((i) => required(call, i).data[0]!) as [number, number, number];
    const count = Math.max(Math.ceil((limit - start) / delta), 0);
    return tabulate(required(call, 0).dtype, [count], (_, i) => start + i * delta);
  },
};

function constant(call: Call): Value {
  const vector = (dtype: DType, list: readonly number[], shape = [list.length]): Value => ({
    dtype,
    shape,
    data: Float64Array.from(list),
  });
  for (const [name, a] of Object.entries(call.node.attributes)) {
    if (name === 'value' && a.type === 'tensor') return fromTensor(a.value);
    if (name === 'value_float' && a.type === 'float') return vector('float32', [Math.fround(a.value)], []);
    if (name === 'value_floats' && a.type === 'floats') return vector('float32', a.value.map(Math.fround));
    if (name === 'value_int' && a.type === 'int') return vector('int64', [Number(a.value)], []);
    if (name === 'value_ints' && a.type === 'ints') return vector('int64', a.value.map(Number));
  }
  return unsupported(call, Object.keys(call.node.attributes).join(', '));
}

import { attrInt, attrInts } from '../../../src/model/graph.ts';
import { type Call, type Operators, required, unsupported } from './call.ts';
import { at, flat, forEachIndex, tabulate, type Value } from './value.ts';
import { windowOf } from './window.ts';

export const pooling: Operators = {
  /** The first of equal maxima wins. Indices are positions in the whole flattened input. */
  MaxPool: (call) => {
    const x = required(call, 0);
    if (attrInt(call.node, 'storage_order', 0) !== 0) unsupported(call, 'storage_order 1');
    const spatial = x.shape.slice(2);
    const win = windowOf(call, spatial, attrInts(call.node, 'kernel_shape')!);
    const shape = [x.shape[0]!, x.shape[1]!, ...win.output];
    const indices = tabulate('int64', shape, ([n, c, ...o]) => {
      let best = Number.NEGATIVE_INFINITY;
      let where = -1;
      forEachIndex(win.kernel, (k) => {
        const i = k.map((kd, d) => o[d]! * win.strides[d]! + kd * win.dilations[d]! - win.padsBefore[d]!);
        if (i.some((id, d) => id < 0 || id >= spatial[d]!)) return;
        const value = at(x, [n!, c!, ...i]);
        if (value > best || where < 0) {
          best = value;
          where = flat(x.shape, [n!, c!, ...i]);
        }
      });
      return where;
    });
    return [tabulate(x.dtype, shape, (_, o) => x.data[indices.data[o]!]!), indices];
  },

  AveragePool: (call) => {
    const x = required(call, 0);
    const spatial = x.shape.slice(2);
    const win = windowOf(call, spatial, attrInts(call.node, 'kernel_shape')!);
    const includePad = attrInt(call.node, 'count_include_pad', 0) === 1;
    return tabulate(x.dtype, [x.shape[0]!, x.shape[1]!, ...win.output], ([n, c, ...o]) => {
      let sum = 0;
      let count = 0;
      forEachIndex(win.kernel, (k) => {
        const i = k.map((kd, d) => o[d]! * win.strides[d]! + kd * win.dilations[d]! - win.padsBefore[d]!);
        const inside = i.every((id, d) => id >= 0 && id < spatial[d]!);
        // What ceil_mode lets hang over beyond the padding is not counted.
        const inPadding = i.every((id, d) => id < spatial[d]! + win.padsAfter[d]!);
        if (inside) sum += at(x, [n!, c!, ...i]);
        if (inside || (includePad && inPadding)) count++;
      });
      return sum / count;
    });
  },

  /** The p-norm of each window. */
  LpPool: (call) => {
    const x = required(call, 0);
    const p = attrInt(call.node, 'p', 2);
    const spatial = x.shape.slice(2);
    const win = windowOf(call, spatial, attrInts(call.node, 'kernel_shape')!);
    return tabulate(x.dtype, [x.shape[0]!, x.shape[1]!, ...win.output], ([n, c, ...o]) => {
      let sum = 0;
      forEachIndex(win.kernel, (k) => {
        const i = k.map((kd, d) => o[d]! * win.strides[d]! + kd * win.dilations[d]! - win.padsBefore[d]!);
        if (i.every((id, d) => id >= 0 && id < spatial[d]!)) sum += Math.abs(at(x, [n!, c!, ...i])) ** p;
      });
      return sum ** (1 / p);
    });
  },

  GlobalLpPool: (call) => {
    const p = attrInt(call.node, 'p', 2);
    return global(call, (list) => list.reduce((s, v) => s + Math.abs(v) ** p, 0) ** (1 / p));
  },

  GlobalAveragePool: (call) => global(call, (list) => list.reduce((a, b) => a + b, 0) / list.length),
  GlobalMaxPool: (call) => global(call, (list) => Math.max(...list)),

  /** X and the Indices of a MaxPool; the result has the shape that was pooled, or `output_shape`. */
  MaxUnpool: (call) => {
    const x = required(call, 0);
    const indices = required(call, 1);
    const kernel = attrInts(call.node, 'kernel_shape')!;
    const strides = attrInts(call.node, 'strides') ?? kernel.map(() => 1);
    const pads = attrInts(call.node, 'pads') ?? [...kernel, ...kernel].map(() => 0);
    const size = (d: number) => (x.shape[d + 2]! - 1) * strides[d]! - pads[d]! - pads[d + kernel.length]! + kernel[d]!;
    const inferred = [x.shape[0]!, x.shape[1]!, ...kernel.map((_, d) => size(d))];
    const shape = call.inputs[2] ? Array.from(call.inputs[2].data) : inferred;
    const y = tabulate(x.dtype, shape, () => 0);
    x.data.forEach((value, i) => {
      y.data[indices.data[i]!] = value;
    });
    return y;
  },
};

function global(call: Call, f: (list: number[]) => number): Value {
  const x = required(call, 0);
  const spatial = x.shape.slice(2);
  return tabulate(x.dtype, [x.shape[0]!, x.shape[1]!, ...spatial.map(() => 1)], ([n, c]) => {
    const list: number[] = [];
    forEachIndex(spatial, (i) => list.push(at(x, [n!, c!, ...i])));
    return f(list);
  });
}

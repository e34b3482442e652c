import { attrInt } from '../../../src/model/graph.ts';
import { type Call, intsFrom, type Operators, required } from './call.ts';
import { at, positiveAxis, tabulate } from './value.ts';

export const slices: Operators = {
  /** Parts are given as attribute (before 13), as input, as `num_outputs` (18), or by the number of outputs. */
  Split: (call) => {
    const x = required(call, 0);
    const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.shape.length);
    let start = 0;
    return partSizes(call, x.shape[axis]!).map((size) => {
      const from = start;
      start += size;
      return tabulate(
        x.dtype,
        x.shape.map((n, d) => (d === axis ? size : n)),
        (index) =>
          at(
            x,
            index.map((v, d) => (d === axis ? v + from : v)),
          ),
      );
    });
  },

  /** Attributes before opset 10, inputs since. */
  Slice: (call) => {
    const x = required(call, 0);
    const starts = intsFrom(call, 'starts', 1)!;
    const ends = intsFrom(call, 'ends', 2)!;
    const axes = (intsFrom(call, 'axes', 3) ?? starts.map((_, i) => i)).map((a) => positiveAxis(a, x.shape.length));
    const steps = call.inputs[4] ? Array.from(call.inputs[4].data) : starts.map(() => 1);
    const ranges = x.shape.map((n, d) => {
      const i = axes.indexOf(d);
      return i < 0 ? { first: 0, step: 1, count: n } : range(n, starts[i]!, ends[i]!, steps[i]!);
    });
    return tabulate(
      x.dtype,
      ranges.map((r) => r.count),
      (index) =>
        at(
          x,
          index.map((v, d) => ranges[d]!.first + v * ranges[d]!.step),
        ),
    );
  },
};

/** numpy's start:end:step on an axis of n elements. */
function range(n: number, start: number, end: number, step: number) {
  const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + n : v, low), high);
  const first = step > 0 ? clamp(start, 0, n) : clamp(start, 0, n - 1);
  const stop = step > 0 ? clamp(end, 0, n) : clamp(end, -1, n - 1);
  return { first, step, count: Math.max(Math.ceil((stop - first) / step), 0) };
}

function partSizes(call: Call, n: number): number[] {
  const given = intsFrom(call, 'split', 1);
  if (given) return given;
  const parts = attrInt(call.node, 'num_outputs') ?? call.node.outputs.length;
  const size = Math.ceil(n / parts);
  return Array.from({ length: parts }, (_, i) => Math.min(size, n - i * size));
}

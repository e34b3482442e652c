import { attrInt } from '../../../src/model/graph.ts';
import { type Call, intsFrom, type Operator, type Operators, required } from './call.ts';
import { at, flat, forEachIndex, type Index, positiveAxis, tabulate, type Value } from './value.ts';

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** Axes are an attribute in older opsets and an input in newer ones; none means all. */
const reduce =
  (f: (list: number[]) => number): Operator =>
  (call) => {
    const x = required(call, 0);
    const given = intsFrom(call, 'axes', 1)?.map((a) => positiveAxis(a, x.shape.length));
    if (!given?.length && attrInt(call.node, 'noop_with_empty_axes', 0) === 1) return x;
    const axes = given?.length ? given : x.shape.map((_, d) => d);
    const collected = collect(x, axes);
    const data = Float64Array.from(collected.lists, (list) => f(list));
    const keep = attrInt(call.node, 'keepdims', 1) === 1;
    return { dtype: x.dtype, shape: keep ? collected.shape : x.shape.filter((_, d) => !axes.includes(d)), data };
  };

/** For each index of the remaining axes, the elements along the reduced ones, in order. */
function collect(x: Value, axes: readonly number[]): { lists: number[][]; shape: number[] } {
  const shape = x.shape.map((n, d) => (axes.includes(d) ? 1 : n));
  const inner = x.shape.map((n, d) => (axes.includes(d) ? n : 1));
  const lists: number[][] = [];
  forEachIndex(shape, (outer) => {
    const list: number[] = [];
    forEachIndex(inner, (index) =>
      list.push(
        at(
          x,
          index.map((v, d) => v + outer[d]!),
        ),
      ),
    );
    lists.push(list);
  });
  return { lists, shape };
}

/** The first of equal elements, unless `select_last_index`. */
function argument(call: Call, better: (a: number, b: number) => boolean): Value {
  const x = required(call, 0);
  const axis = positiveAxis(attrInt(call.node, 'axis', 0), x.shape.length);
  const last = attrInt(call.node, 'select_last_index', 0) === 1;
  const { lists, shape } = collect(x, [axis]);
  const data = Float64Array.from(lists, (list) => {
    let best = 0;
    list.forEach((v, i) => {
      if (better(v, list[best]!) || (last && v === list[best])) best = i;
    });
    return best;
  });
  const keep = attrInt(call.node, 'keepdims', 1) === 1;
  return { dtype: 'int64', shape: keep ? shape : shape.filter((_, d) => d !== axis), data };
}

const replaced = (index: Index, axis: number, value: number): number[] => index.map((v, d) => (d === axis ? value : v));

export const reductions: Operators = {
  ReduceSum: reduce(sum),
  ReduceMean: reduce((list) => sum(list) / list.length),
  ReduceMax: reduce((list) => Math.max(...list)),
  ReduceMin: reduce((list) => Math.min(...list)),
  ReduceProd: reduce((list) => list.reduce((a, b) => a * b, 1)),
  ReduceL1: reduce((list) => sum(list.map(Math.abs))),
  ReduceL2: reduce((list) => Math.sqrt(sum(list.map((v) => v * v)))),
  ReduceSumSquare: reduce((list) => sum(list.map((v) => v * v))),
  ReduceLogSum: reduce((list) => Math.log(sum(list))),
  ReduceLogSumExp: reduce((list) => {
    const max = Math.max(...list);
    return max + Math.log(sum(list.map((v) => Math.exp(v - max))));
  }),

  ArgMax: (call) => argument(call, (a, b) => a > b),
  ArgMin: (call) => argument(call, (a, b) => a < b),

  /** The k largest (or smallest) along the axis, sorted. K is an attribute before opset 10. */
  TopK: (call) => {
    const x = required(call, 0);
    const k = intsFrom(call, 'k', 1)?.[0] ?? attrInt(call.node, 'k', 1);
    const axis = positiveAxis(attrInt(call.node, 'axis', -1), x.shape.length);
    const sign = attrInt(call.node, 'largest', 1) === 1 ? -1 : 1;
    const { lists, shape } = collect(x, [axis]);
    const ranked = lists.map((list) =>
      [...list.keys()].sort((a, b) => sign * (list[a]! - list[b]!) || a - b).slice(0, k),
    );
    const row = (index: Index) => flat(shape, replaced(index, axis, 0));
    const made = replaced(x.shape, axis, k);
    const places = tabulate('int64', made, (index) => ranked[row(index)]![index[axis]!]!);
    return [tabulate(x.dtype, made, (index, i) => at(x, replaced(index, axis, places.data[i]!))), places];
  },

  /** y[i] = x[0] + … + x[i] along the axis; without x[i] itself when exclusive; from the end when reverse. */
  CumSum: (call) => {
    const x = required(call, 0);
    const axis = positiveAxis(required(call, 1).data[0]!, x.shape.length);
    const exclusive = attrInt(call.node, 'exclusive', 0) === 1;
    const reverse = attrInt(call.node, 'reverse', 0) === 1;
    return tabulate(x.dtype, x.shape, (index) => {
      const here = index[axis]!;
      let total = 0;
      for (let k = 0; k < x.shape[axis]!; k++) {
        const counted = k === here ? !exclusive : reverse ? k > here : k < here;
        if (counted) {
          total += at(
            x,
            index.map((v, d) => (d === axis ? k : v)),
          );
        }
      }
      return total;
    });
  },
};

/** Reductions: axes as attribute or input, none, empty, negative; kept or not. */
import { product, type Sweep, type Variant } from '../variant.ts';

const axesLists = [undefined, [], [0], [-1], [1, 2], [2, 0], [-3, -1], [0, 1, 2]] as const;

/** @param input from this opset on axes are an input */
const reduce = (op: string, low: number, high: number, input = 18): Variant[] =>
  product(
    [7, 13, 18, 22],
    { axes: axesLists, keepdims: [undefined, 0, 1], noop: [undefined, 0, 1] },
    ({ opset, axes, keepdims, noop }) => {
      const byInput = opset >= input;
      if (!byInput && (noop !== undefined || axes?.length === 0)) return undefined;
      if (opset < 11 && axes?.some((a) => a < 0)) return undefined;
      const attributes = {
        ...(keepdims !== undefined && { keepdims }),
        ...(noop !== undefined && { noop_with_empty_axes: noop }),
      };
      return (s) => {
        const x = low < 0 ? s.signed([2, 3, 2], 0.5, 2) : s.real([2, 3, 2], low, high);
        if (byInput) s.node(op, axes ? [x, s.list(axes)] : [x], attributes);
        else s.node(op, [x], { ...attributes, ...(axes && { axes }) });
      };
    },
  );

const cumSum = product(
  [11, 22],
  { axis: [0, 1, 2, -1, -3], exclusive: [undefined, 0, 1], reverse: [undefined, 0, 1], fed: [false, true] },
  ({ axis, exclusive, reverse, fed }) =>
    (s) => {
      const attributes = { ...(exclusive !== undefined && { exclusive }), ...(reverse !== undefined && { reverse }) };
      s.node('CumSum', [s.real([2, 3, 2]), fed ? s.fedList([axis], []) : s.list([axis], [])], attributes);
    },
);

export const reduction: Sweep = {
  CumSum: cumSum,
  ReduceL1: reduce('ReduceL1', -2, 2),
  ReduceL2: reduce('ReduceL2', -2, 2),
  ReduceLogSum: reduce('ReduceLogSum', 0.5, 3),
  ReduceLogSumExp: reduce('ReduceLogSumExp', -2, 2),
  ReduceMax: reduce('ReduceMax', -2, 2),
  ReduceMean: reduce('ReduceMean', -2, 2),
  ReduceMin: reduce('ReduceMin', -2, 2),
  ReduceProd: reduce('ReduceProd', -2, 2),
  ReduceSum: reduce('ReduceSum', -2, 2, 13),
  ReduceSumSquare: reduce('ReduceSumSquare', -2, 2),
};

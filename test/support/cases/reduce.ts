import type { CaseGenerator } from './sketch.ts';

/** From this opset on, axes are an input. */
const axesAsInput: Readonly<Record<string, number>> = { ReduceSum: 13 };

const reduce =
  (op: string, low = -2, high = 2): CaseGenerator =>
  (s) => {
    s.opset = s.pick([11, 13, 18]);
    const shape = s.shape(1, 4);
    const axes = s.order(shape.length).slice(0, s.int(0, shape.length));
    const signed = axes.map((a) => (s.bool() ? a : a - shape.length));
    const keepdims = s.int(0, 1);
    const x = s.real(shape, low, high);
    if (axes.length === 0) return s.node(op, [x], { keepdims });
    if (s.opset < (axesAsInput[op] ?? 18)) return s.node(op, [x], { keepdims, axes: signed });
    return s.node(op, [x, s.list(signed)], { keepdims });
  };

const noop: CaseGenerator = (s) => s.node('ReduceSum', [s.real(s.shape(1, 3))], { noop_with_empty_axes: 1 });

const argument =
  (op: string): CaseGenerator =>
  (s) => {
    const shape = s.shape(1, 4);
    const axis = s.int(-shape.length, shape.length - 1);
    // Small integers as floats: ties happen.
    const x = s.inner('Cast', [s.integers(shape, -2, 2, false)], { to: 1 });
    s.node(op, [x], { axis, keepdims: s.int(0, 1), select_last_index: s.int(0, 1) });
  };

const cumSum: CaseGenerator = (s) => {
  const shape = s.shape(1, 4);
  const axis = s.list([s.int(-shape.length, shape.length - 1)], []);
  s.node('CumSum', [s.real(shape), axis], { exclusive: s.int(0, 1), reverse: s.int(0, 1) });
};

const topK: CaseGenerator = (s) => {
  s.opset = s.pick([9, 10, 17]);
  const shape = s.shape(1, 3);
  const axis = s.int(0, shape.length - 1);
  const k = s.int(1, shape[axis]!);
  const x = s.real(shape);
  if (s.opset < 10) return s.node('TopK', [x], { axis, k }, 2);
  const direction = s.opset >= 11 ? { largest: s.int(0, 1) } : {};
  return s.node('TopK', [x, s.list([k])], { axis: s.bool() ? axis : axis - shape.length, ...direction }, 2);
};

export const reduceCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  ReduceSum: [reduce('ReduceSum'), noop],
  ReduceMean: [reduce('ReduceMean')],
  ReduceMax: [reduce('ReduceMax')],
  ReduceMin: [reduce('ReduceMin')],
  ReduceProd: [reduce('ReduceProd', 0.5, 1.5)],
  ReduceL1: [reduce('ReduceL1')],
  ReduceL2: [reduce('ReduceL2')],
  ReduceSumSquare: [reduce('ReduceSumSquare')],
  ReduceLogSum: [reduce('ReduceLogSum', 0.5, 3)],
  ReduceLogSumExp: [reduce('ReduceLogSumExp')],
  ArgMax: [argument('ArgMax')],
  ArgMin: [argument('ArgMin')],
  CumSum: [cumSum],
  TopK: [topK],
};

/** Operators that move values, and reductions. */
import { attrInt, attrInts } from '../../model/graph.ts';
import { sizeOf } from '../../model/tensor.ts';
import {
  axisIn,
  broadcast,
  type Call,
  type Inference,
  type Inferences,
  misfit,
  numbersAt,
  oneType,
  required,
  written,
} from './kind.ts';
import { like } from './pointwise.ts';

const reshape: Inference = (call) => {
  const x = required(call, 0);
  const wanted = numbersAt(call, 1);
  if (!wanted) return undefined;
  const known = wanted.map((n, i) => (n === 0 && attrInt(call.node, 'allowzero', 0) === 0 ? (x.shape[i] ?? 0) : n));
  const rest = sizeOf(known.filter((n) => n !== -1));
  const shape = known.map((n) => (n === -1 ? sizeOf(x.shape) / rest : n));
  const fits = shape.every(Number.isInteger) && sizeOf(shape) === sizeOf(x.shape);
  return fits ? { dtype: x.dtype, shape } : misfit(`a Reshape of ${written(x)} to [${wanted}]`);
};

const transpose: Inference = (call) => {
  const { dtype, shape } = required(call, 0);
  const perm = attrInts(call.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
  const isPermutation = perm.length === shape.length && shape.every((_, i) => perm.includes(i));
  if (!isPermutation) misfit(`a Transpose of [${shape}] by [${perm}]`);
  return { dtype, shape: perm.map((axis) => shape[axis]!) };
};

const concat: Inference = ({ node, x }) => {
  const parts = x.filter((part) => part !== undefined);
  const first = parts[0]!.shape;
  const axis = axisIn(attrInt(node, 'axis', 0), first.length);
  const odd = parts.find(
    (p) => p.shape.length !== first.length || p.shape.some((n, i) => i !== axis && n !== first[i]),
  );
  if (odd) misfit(`a Concat of [${first}] and [${odd.shape}] along axis ${axis}`);
  const total = parts.reduce((sum, p) => sum + p.shape[axis]!, 0);
  return { dtype: oneType('Concat', parts), shape: first.map((n, i) => (i === axis ? total : n)) };
};

const slice: Inference = (call) => {
  const { dtype, shape } = required(call, 0);
  const [starts, ends] = [numbersAt(call, 1), numbersAt(call, 2)];
  if (!starts || !ends || (call.x[3] && !call.x[3].value) || (call.x[4] && !call.x[4].value)) return undefined;
  const axes = (numbersAt(call, 3) ?? starts.map((_, i) => i)).map((a) => axisIn(a, shape.length));
  const steps = numbersAt(call, 4) ?? starts.map(() => 1);
  const out = [...shape];
  axes.forEach((axis, i) => {
    const [n, step] = [shape[axis]!, steps[i]!];
    const clamp = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + n : at, low), high);
    const [start, end] =
      step > 0
        ? [clamp(starts[i]!, 0, n), clamp(ends[i]!, 0, n)]
        : [clamp(starts[i]!, 0, n - 1), clamp(ends[i]!, -1, n - 1)];
    out[axis] = Math.max(0, Math.ceil((end - start) / step));
  });
  return { dtype, shape: out };
};

const pad: Inference = (call) => {
  const x = required(call, 0);
  const widths = numbersAt(call, 1);
  if (!widths || call.x[3]) return undefined;
  const rank = x.shape.length;
  if (widths.length !== 2 * rank) misfit(`a Pad of [${x.shape}] by [${widths}]`);
  if (call.x[2]) oneType('Pad', [x, call.x[2]]);
  return { dtype: x.dtype, shape: x.shape.map((n, i) => n + widths[i]! + widths[rank + i]!) };
};

/** Axes as an input or as an attribute, whichever the opset has. */
const reduction: Inference = (call) => {
  const { dtype, shape } = required(call, 0);
  if (call.x[1] && !call.x[1].value) return undefined;
  const axes = (numbersAt(call, 1) ?? attrInts(call.node, 'axes'))?.map((a) => axisIn(a, shape.length));
  if (axes?.length === 0) return undefined;
  const gone = (i: number) => !axes || axes.includes(i);
  const kept = attrInt(call.node, 'keepdims', 1) === 1;
  return { dtype, shape: kept ? shape.map((n, i) => (gone(i) ? 1 : n)) : shape.filter((_, i) => !gone(i)) };
};

const blocks =
  (change: (block: number) => readonly number[]): Inference =>
  (call) => {
    const { dtype, shape } = required(call, 0);
    const factors = change(attrInt(call.node, 'blocksize', 1));
    const out = shape.map((n, i) => n * factors[i]!);
    return out.every(Number.isInteger) ? { dtype, shape: out } : misfit(`a ${call.node.op} of [${shape}]`);
  };

const gather: Inference = (call) => {
  const [x, indices] = [required(call, 0), required(call, 1)];
  const axis = axisIn(attrInt(call.node, 'axis', 0), x.shape.length);
  return { dtype: x.dtype, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] };
};

const gatherElements: Inference = (call) => {
  const [x, indices] = [required(call, 0), required(call, 1)];
  if (x.shape.length !== indices.shape.length) misfit(`a GatherElements of [${x.shape}] by [${indices.shape}]`);
  return { dtype: x.dtype, shape: indices.shape };
};

const gatherND: Inference = (call) => {
  const [x, indices] = [required(call, 0), required(call, 1)];
  const batch = attrInt(call.node, 'batch_dims', 0);
  return {
    dtype: x.dtype,
    shape: [...indices.shape.slice(0, -1), ...x.shape.slice(batch + indices.shape.at(-1)!)],
  };
};

const scatter =
  (updatesFit: (call: Call) => boolean): Inference =>
  (call) => {
    const [x, updates] = [required(call, 0), required(call, 2)];
    oneType(call.node.op, [x, updates]);
    if (!updatesFit(call)) misfit(`a ${call.node.op} of ${written(updates)} into [${x.shape}]`);
    return like(call);
  };

export const layout: Inferences = {
  Reshape: reshape,
  Transpose: transpose,
  Concat: concat,
  Slice: slice,
  Pad: pad,
  Expand: (call) => {
    const x = required(call, 0);
    const shape = numbersAt(call, 1);
    return shape && { dtype: x.dtype, shape: broadcast('Expand', [x, { dtype: x.dtype, shape }]) };
  },
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  DepthToSpace: blocks((b) => [1, 1 / b ** 2, b, b]),
  SpaceToDepth: blocks((b) => [1, b ** 2, 1 / b, 1 / b]),
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterElements: scatter(({ x }) => String(x[1]?.shape) === String(x[2]?.shape)),
  ScatterND: scatter(({ x: [data, indices, updates] }) => {
    const rest = data!.shape.slice(indices!.shape.at(-1)!);
    return String([...indices!.shape.slice(0, -1), ...rest]) === String(updates!.shape);
  }),
};

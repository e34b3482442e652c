/** Nodes that move values, and the arithmetic of shapes. Shapes are TensorFlow's: channels last. */
import { asNumbers, sizeOf } from '../../tensor.ts';
import { type Dims, type Feature, toLast } from '../feature.ts';
import { unsupported } from '../json.ts';
import { concat, pad, reshape, transpose } from '../pointwise.ts';
import {
  constantAt,
  type DefNode,
  input,
  intAttribute,
  integersAt,
  intsAttribute,
  type NodeWriter,
  type NodeWriters,
  textAttribute,
} from './node.ts';
import { asNumbersOf, type Range, rangeOf } from './ranges.ts';

const identity: NodeWriter = (node) => input(node, 0);

const makesNothing: NodeWriter = () => unsupported('it makes no tensor, and one is read of it');

const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const reshapeNode: NodeWriter = (node) => {
  const { w, name } = node;
  const x = input(node, 0);
  const shape = input(node, 1);
  const size = (dims: Dims) => (dims.includes(undefined) ? undefined : sizeOf(dims as readonly number[]));
  if (!shape.constant) {
    const rank = shape.dims[0] ?? unsupported('a shape of unknown length');
    const wide = w.op('Cast', [w.last(shape)], { to: 7 }, { name: `${name}/shape`, dims: shape.dims, dtype: 'int64' });
    const dims = asNumbersOf(shape) ?? Array.from({ length: rank }, () => undefined);
    return w.op('Reshape', [w.last(x), w.last(wide)], {}, { name, dims, dtype: x.dtype });
  }
  const wanted = asNumbers(shape.constant);
  // A batch of one that was fixed by the export stays as it is where it is the batch that is unknown.
  const [all, known] = [size(x.dims), wanted.filter((n) => n !== -1).reduce((a, b) => a * b, 1)];
  const dims = wanted.map((n) => (n === -1 ? (all === undefined ? undefined : all / known) : n));
  return reshape(w, x, wanted, dims, node);
};

const squeeze: NodeWriter = (node) => {
  const x = input(node, 0);
  const listed = [...intsAttribute(node, 'squeeze_dims'), ...intsAttribute(node, 'axis')].map((a) =>
    wrap(a, x.dims.length),
  );
  const axes = listed.length > 0 ? listed : x.dims.flatMap((n, d) => (n === 1 ? [d] : []));
  const dims = x.dims.filter((_, d) => !axes.includes(d));
  return node.w.op('Squeeze', [node.w.last(x), node.w.ints(axes)], {}, { name: node.name, dims, dtype: x.dtype });
};

const expandDims: NodeWriter = (node) => {
  const x = input(node, 0);
  const [raw = 0] = integersAt(node, 1);
  const axis = wrap(raw, x.dims.length + 1);
  const dims = [...x.dims.slice(0, axis), 1, ...x.dims.slice(axis)];
  return node.w.op('Unsqueeze', [node.w.last(x), node.w.ints([axis])], {}, { name: node.name, dims, dtype: x.dtype });
};

const padding =
  (mode: 'constant' | 'reflect'): NodeWriter =>
  (node) => {
    if (mode === 'reflect' && textAttribute(node, 'mode', 'REFLECT').toUpperCase() !== 'REFLECT')
      unsupported('symmetric padding');
    const widths = integersAt(node, 1);
    const value = mode === 'constant' && node.inputs[2] ? asNumbers(constantAt(node, 2))[0]! : 0;
    const before = widths.filter((_, i) => i % 2 === 0);
    const after = widths.filter((_, i) => i % 2 === 1);
    return pad(node.w, input(node, 0), before, after, { name: node.name, value, mode });
  };

/** The axis is the last input. */
const concatNode: NodeWriter = (node) => {
  const last = node.inputs.length - 1;
  const [axis = 0] = integersAt(node, last);
  return concat(node.w, node.inputs.slice(0, last), axis, node);
};

const transposeNode: NodeWriter = (node) => transpose(node.w, input(node, 0), integersAt(node, 1), node);

/** Of channels second, the shape is put in order instead of the tensor. */
const shapeNode: NodeWriter = (node) => {
  const { w, name } = node;
  const x = input(node, 0);
  const rank = x.dims.length;
  const wide =
    x.last === undefined && x.second !== undefined
      ? w.b.op('Gather', [w.b.op('Shape', [x.second]), w.ints(toLast(rank))])
      : w.b.op('Shape', [w.last(x)]);
  const result = w.op('Cast', [wide], { to: 6 }, { name, dims: [rank], dtype: 'int32' });
  return Object.assign(result, { range: { values: x.dims } satisfies Range });
};

const sliced = (
  node: DefNode,
  x: Feature,
  starts: number[],
  ends: number[],
  steps: number[],
  dims: Dims,
  name: string,
): Feature => {
  const { w } = node;
  const axes = starts.map((_, d) => d);
  const lists = [starts, ends, axes, steps].map((l) => w.ints(l));
  return w.op('Slice', [w.last(x), ...lists], {}, { name, dims, dtype: x.dtype });
};

const sliceNode: NodeWriter = (node) => {
  const x = input(node, 0);
  const [begin, size] = [integersAt(node, 1), integersAt(node, 2)];
  const dims = size.map((n, d) => (n === -1 ? (x.dims[d] === undefined ? undefined : x.dims[d]! - begin[d]!) : n));
  const ends = size.map((n, d) => (n === -1 ? 2 ** 31 - 1 : begin[d]! + n));
  return sliced(
    node,
    x,
    begin,
    ends,
    begin.map(() => 1),
    dims,
    node.name,
  );
};

const stridedSlice: NodeWriter = (node) => {
  const x = input(node, 0);
  if (intAttribute(node, 'ellipsis_mask', 0) !== 0 || intAttribute(node, 'new_axis_mask', 0) !== 0) {
    unsupported('an ellipsis or a new axis in a slice');
  }
  const [begin, end, steps] = [1, 2, 3].map((i) => integersAt(node, i)) as [number[], number[], number[]];
  const bit = (mask: string, d: number) => ((intAttribute(node, mask, 0) >> d) & 1) === 1;
  const far = 2 ** 31 - 1;
  const starts = begin.map((b, d) => (bit('begin_mask', d) ? (steps[d]! < 0 ? far : 0) : b));
  const shrink = begin.map((_, d) => bit('shrink_axis_mask', d));
  const ends = end.map((e, d) => {
    if (shrink[d]) return starts[d] === -1 ? far : starts[d]! + 1;
    return bit('end_mask', d) ? (steps[d]! < 0 ? -far : far) : e;
  });
  const dims = x.dims.map((n, d) => (d < starts.length ? extent(n, starts[d]!, ends[d]!, steps[d]!) : n));
  const gone = shrink.flatMap((s, d) => (s ? [d] : []));
  const known = rangeOf(x)?.values.slice(starts[0], ends[0]);
  const tag = (f: Feature): Feature => (known && steps[0] === 1 ? Object.assign(f, { range: { values: known } }) : f);
  const whole = sliced(node, x, starts, ends, steps, dims, gone.length > 0 ? `${node.name}/slice` : node.name);
  if (gone.length === 0) return tag(whole);
  return tag(
    node.w.op(
      'Squeeze',
      [node.w.last(whole), node.w.ints(gone)],
      {},
      {
        name: node.name,
        dims: dims.filter((_, d) => !gone.includes(d)),
        dtype: x.dtype,
      },
    ),
  );
};

function extent(n: number | undefined, start: number, end: number, step: number): number | undefined {
  if (n === undefined) return undefined;
  const clamp = (v: number, low: number, high: number) => Math.min(Math.max(v < 0 ? v + n : v, low), high);
  const first = step > 0 ? clamp(start, 0, n) : clamp(start, 0, n - 1);
  const stop = step > 0 ? clamp(end, 0, n) : clamp(end, -1, n - 1);
  return Math.max(Math.ceil((stop - first) / step), 0);
}

/** Split takes the axis first, SplitV last. */
const split =
  (sized: boolean): NodeWriter =>
  (node) => {
    const { w, name } = node;
    const x = input(node, sized ? 0 : 1);
    const rank = x.dims.length;
    const [raw = 0] = integersAt(node, sized ? 2 : 0);
    const form = w.formOf([x]);
    const at = wrap(raw, rank);
    const count = intAttribute(node, 'num_split', 0);
    const whole = x.dims[at] ?? unsupported('a split of an axis of unknown size');
    const sizes = sized ? integersAt(node, 1) : Array.from({ length: count }, () => whole / count);
    if (sizes.includes(-1)) sizes[sizes.indexOf(-1)] = whole - sizes.reduce((a, b) => a + b, 1);
    const names = sizes.map((_, i) => w.b.fresh(i === 0 ? name : `${name}:${i}`));
    w.b.ops('Split', [w.in(x, form), w.ints(sizes)], { axis: w.axis(raw, rank, form) }, names);
    return sizes.map((n, i): Feature => {
      const dims = x.dims.map((m, d) => (d === at ? n : m));
      const part = { dims, dtype: x.dtype };
      return form === 'second' && rank >= 3 ? { ...part, second: names[i]! } : { ...part, last: names[i]! };
    });
  };

const pack: NodeWriter = (node) => {
  const { w, name } = node;
  const [x] = node.inputs;
  if (!x) return unsupported('it has no inputs');
  const axis = wrap(intAttribute(node, 'axis', 0), x.dims.length + 1);
  const dtype = node.inputs.find((f) => !f.constant)?.dtype ?? x.dtype;
  const parts = node.inputs.map((f) => w.b.op('Unsqueeze', [w.last(f), w.ints([axis])]));
  const dims = [...x.dims.slice(0, axis), parts.length, ...x.dims.slice(axis)];
  const result = w.op('Concat', parts, { axis }, { name, dims, dtype });
  const values = node.inputs.map((f) => asNumbersOf(f)?.[0]);
  return axis === 0 && x.dims.length === 0 ? Object.assign(result, { range: { values } }) : result;
};

const unpack: NodeWriter = (node) => {
  const { w, name } = node;
  const x = input(node, 0);
  const axis = wrap(intAttribute(node, 'axis', 0), x.dims.length);
  const count = intAttribute(node, 'num', x.dims[axis] ?? 0);
  const dims = x.dims.filter((_, d) => d !== axis);
  return Array.from({ length: count }, (_, i) => {
    const index = w.b.initializer({ dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(i)) });
    return w.op(
      'Gather',
      [w.last(x), index],
      { axis },
      { name: i === 0 ? name : `${name}:${i}`, dims, dtype: x.dtype },
    );
  });
};

const tile: NodeWriter = (node) => {
  const x = input(node, 0);
  const times = integersAt(node, 1);
  const dims = x.dims.map((n, d) => (n === undefined ? undefined : n * times[d]!));
  return node.w.op('Tile', [node.w.last(x), node.w.ints(times)], {}, { name: node.name, dims, dtype: x.dtype });
};

/** Blocks of space into channels: TensorFlow puts the position within the block before the channel, as ONNX does (DCR). */
const blocks =
  (op: 'DepthToSpace' | 'SpaceToDepth'): NodeWriter =>
  (node) => {
    const x = input(node, 0);
    const b = intAttribute(node, 'block_size', 2);
    const grow = op === 'DepthToSpace';
    const [n, h, w, c] = x.dims;
    const by = (m: number | undefined, f: number) => (m === undefined ? undefined : m * f);
    const dims = grow ? [n, by(h, b), by(w, b), by(c, 1 / b ** 2)] : [n, by(h, 1 / b), by(w, 1 / b), by(c, b ** 2)];
    return node.w.op(op, [node.w.second(x)], { blocksize: b }, { name: node.name, dims, form: 'second' });
  };

export const shapeNodes: NodeWriters = {
  Const: () => unsupported('a constant that is no weight'),
  Identity: identity,
  IdentityN: (node) => node.inputs,
  StopGradient: identity,
  Snapshot: identity,
  // What they say or check on the way is not computed.
  Print: identity,
  CheckNumerics: identity,
  // In a graph these only order others, and are left out.
  NoOp: makesNothing,
  Assert: makesNothing,
  Reshape: reshapeNode,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  Pad: padding('constant'),
  PadV2: padding('constant'),
  MirrorPad: padding('reflect'),
  Concat: (node) => concatFirst(node),
  ConcatV2: concatNode,
  Transpose: transposeNode,
  Shape: shapeNode,
  Slice: sliceNode,
  StridedSlice: stridedSlice,
  Split: split(false),
  SplitV: split(true),
  Pack: pack,
  Unpack: unpack,
  Tile: tile,
  DepthToSpace: blocks('DepthToSpace'),
  SpaceToDepth: blocks('SpaceToDepth'),
};

/** The older Concat has its axis first. */
function concatFirst(node: DefNode): Feature {
  const [axis = 0] = integersAt(node, 0);
  return concat(node.w, node.inputs.slice(1), axis, node);
}

/** How the batch goes through each operator: where it is in the output, and which constants hard-code it. */
import { attrInt, attrInts, type Node } from '../graph.ts';
import { isLeading, type Place, placeAfterReshape, samePlace } from './place.ts';

/** What a rule may ask. */
export interface Surroundings {
  readonly node: Node;
  readonly opset: number;
  /** The batch the graph has now. */
  readonly batch: number;
  /** Of input i, before the change; undefined for what is left out. */
  shape(i: number): readonly number[] | undefined;
  /** Of input i; undefined for constants and shape arithmetic. */
  place(i: number): Place | undefined;
  /** The numbers of input i where they are written in the file; `computed` where they follow from shapes. */
  integers(i: number): readonly number[] | 'computed' | undefined;
  readonly outputShape: readonly number[];
  /** Replaces input i by other integers. */
  rewrite(i: number, values: readonly number[]): void;
  /** Repeats constant input i so that dimension `axis` is the new batch. */
  repeat(i: number, axis: number): void;
  /** `value`, a dimension that contains the batch, after the change. */
  scaled(value: number): number;
}

/** The place of the batch in the outputs; a text says why there is none. */
type Rule = (s: Surroundings) => Place | string;

const mixes = 'it works across the batch';

/** Element by element, with broadcasting from the right. */
const broadcast: Rule = (s) => {
  const rank = s.outputShape.length;
  let found: Place | undefined;
  for (let i = 0; i < s.node.inputs.length; i++) {
    const [p, shape] = [s.place(i), s.shape(i)];
    if (!p || !shape) continue;
    const moved = { axis: p.axis + rank - shape.length, outer: p.outer };
    if (found && !samePlace(found, moved)) return 'its inputs have the batch in different places';
    found = moved;
  }
  if (!found) return mixes;
  for (let i = 0; i < s.node.inputs.length; i++) {
    const shape = s.shape(i);
    if (!shape || s.place(i)) continue;
    const d = shape[found.axis - (rank - shape.length)];
    if (d !== undefined && d !== 1) return 'a constant has a value for each place in the batch';
  }
  return found;
};

const leading: Rule = (s) => {
  const p = s.place(0);
  return p && isLeading(p, s.shape(0)!, s.batch) ? p : 'the batch is not its first dimension';
};

/** Works along some axes, which must not be the batch's. */
const along =
  (axesOf: (s: Surroundings) => readonly number[]): Rule =>
  (s) => {
    const p = s.place(0);
    const rank = s.shape(0)!.length;
    if (!p || axesOf(s).some((a) => (a + rank) % rank === p.axis)) return mixes;
    return p;
  };

const oneAxis = (fallback: number) => along((s) => [attrInt(s.node, 'axis', fallback)]);

/** Everything from an axis on. */
const fromAxis = (fallback: number) =>
  along((s) => {
    const rank = s.shape(0)!.length;
    const first = (attrInt(s.node, 'axis', fallback) + rank) % rank;
    return Array.from({ length: rank - first }, (_, i) => first + i);
  });

/** Axes moved to an input in opset 13, and 18 for reductions. */
function axesOf(s: Surroundings): readonly number[] | undefined {
  const given = s.node.inputs[1] ? s.integers(1) : attrInts(s.node, 'axes');
  return given === 'computed' ? undefined : given;
}

const reduce: Rule = (s) => {
  const p = s.place(0);
  const axes = axesOf(s);
  const rank = s.shape(0)!.length;
  if (!p || !axes || axes.length === 0) return mixes;
  const gone = axes.map((a) => (a + rank) % rank);
  if (gone.includes(p.axis)) return mixes;
  return attrInt(s.node, 'keepdims', 1) ? p : { ...p, axis: p.axis - gone.filter((a) => a < p.axis).length };
};

const arg: Rule = (s) => {
  const p = s.place(0);
  const rank = s.shape(0)!.length;
  const axis = (attrInt(s.node, 'axis', 0) + rank) % rank;
  if (!p || axis === p.axis) return mixes;
  return attrInt(s.node, 'keepdims', 1) || axis > p.axis ? p : { ...p, axis: p.axis - 1 };
};

const reshape: Rule = (s) => {
  const [p, from] = [s.place(0), s.shape(0)!];
  const target = s.integers(1);
  if (!p || target === undefined) return 'its shape is not written in the file';
  const to = placeAfterReshape(p, from, s.outputShape, s.batch);
  if (!to) return 'it tears the batch apart';
  if (target === 'computed') return to;
  const written = target.map((d, i) => {
    const copies = d === 0 && !attrInt(s.node, 'allowzero', 0);
    if (d === -1) return d;
    if (i === to.axis) return copies && p.axis === i ? 0 : s.scaled(s.outputShape[i]!);
    return copies && p.axis === i ? s.outputShape[i]! : d;
  });
  if (written.some((d, i) => d !== target[i])) s.rewrite(1, written);
  return to;
};

const flatten: Rule = (s) => {
  const p = s.place(0);
  return (p && placeAfterReshape(p, s.shape(0)!, s.outputShape, s.batch)) ?? 'it tears the batch apart';
};

const squeeze: Rule = (s) => {
  const [p, axes, rank] = [s.place(0), axesOf(s), s.shape(0)!.length];
  if (!p || !axes) return 'it may remove the batch';
  const gone = axes.map((a) => (a + rank) % rank);
  return gone.includes(p.axis)
    ? 'it removes the batch'
    : { ...p, axis: p.axis - gone.filter((a) => a < p.axis).length };
};

const unsqueeze: Rule = (s) => {
  const [p, axes, rank] = [s.place(0), axesOf(s), s.outputShape.length];
  if (!p || !axes) return 'its axes are not written in the file';
  const added = new Set(axes.map((a) => (a + rank) % rank));
  const kept = Array.from({ length: rank }, (_, i) => i).filter((i) => !added.has(i));
  return { ...p, axis: kept[p.axis]! };
};

const transpose: Rule = (s) => {
  const p = s.place(0);
  const perm = attrInts(s.node, 'perm') ?? s.shape(0)!.map((_, i, all) => all.length - 1 - i);
  return p ? { ...p, axis: perm.indexOf(p.axis) } : mixes;
};

const concat: Rule = (s) => {
  const rank = s.outputShape.length;
  const axis = (attrInt(s.node, 'axis', 1) + rank) % rank;
  const places = s.node.inputs.flatMap((_, i) => s.place(i) ?? []);
  const p = places[0];
  if (!p || axis === p.axis || places.some((other) => !samePlace(p, other))) return mixes;
  for (const i of s.node.inputs.keys()) {
    if (s.place(i) || s.integers(i) === 'computed') continue;
    // A learnt token, one for each image.
    if (s.shape(i)?.[p.axis] !== 1 || p.outer !== 1 || s.batch !== 1)
      return 'a constant has a value for each place in the batch';
    s.repeat(i, p.axis);
  }
  return p;
};

const expand: Rule = (s) => {
  const [p, target, from] = [s.place(0), s.integers(1), s.shape(0)!];
  if (!p || target === undefined) return 'its shape is not written in the file';
  const axis = p.axis + s.outputShape.length - from.length;
  if (s.outputShape[axis] !== from[p.axis]) return 'it repeats the batch';
  if (target !== 'computed') {
    const at = axis - (s.outputShape.length - target.length);
    if ((target[at] ?? 1) !== 1)
      s.rewrite(
        1,
        target.map((d, i) => (i === at ? s.scaled(d) : d)),
      );
  }
  return { ...p, axis };
};

const gather: Rule = (s) => {
  const [p, rank] = [s.place(0), s.shape(0)!.length];
  if (!p || s.place(1)) return mixes;
  const axis = (attrInt(s.node, 'axis', 0) + rank) % rank;
  if (axis === p.axis) return mixes;
  return axis < p.axis ? { ...p, axis: p.axis + (s.shape(1)?.length ?? 0) - 1 } : p;
};

const slice: Rule = (s) => {
  const p = s.place(0);
  const given = s.node.inputs.length > 1 ? (s.node.inputs[3] ? s.integers(3) : undefined) : attrInts(s.node, 'axes');
  const rank = s.shape(0)!.length;
  if (!p || given === 'computed') return mixes;
  const axes = given ?? s.shape(0)!.map((_, i) => i);
  return axes.some((a) => (a + rank) % rank === p.axis) ? 'it cuts the batch' : p;
};

const pad: Rule = (s) => {
  const p = s.place(0);
  const rank = s.shape(0)!.length;
  const pads = s.node.inputs.length > 1 ? s.integers(1) : attrInts(s.node, 'pads');
  if (!p || !pads || pads === 'computed' || s.node.inputs[3]) return mixes;
  return pads[p.axis] === 0 && pads[p.axis + rank] === 0 ? p : 'it pads the batch';
};

const resize: Rule = (s) => {
  const sizes = s.node.inputs[3] ? s.integers(3) : 'computed';
  if (sizes === undefined) return 'its sizes are not written in the file';
  if (sizes !== 'computed' && sizes.length > 0) s.rewrite(3, [s.scaled(sizes[0]!), ...sizes.slice(1)]);
  return leading(s);
};

const matmul: Rule = (s) => {
  const rank = s.outputShape.length;
  const found: Place[] = [];
  for (const i of [0, 1]) {
    const [p, shape] = [s.place(i), s.shape(i)!];
    if (!p) continue;
    // Summed over: the last of the first, the last but one of the second.
    if (shape.length < 2 || p.axis === shape.length - (i === 0 ? 1 : 2)) return mixes;
    const axis = p.axis + rank - shape.length;
    if (s.place(1 - i) && axis >= rank - 2) return mixes;
    found.push({ ...p, axis });
  }
  const [a, b] = found;
  return a && (!b || samePlace(a, b)) ? a : mixes;
};

const gemm: Rule = (s) => {
  const p = s.place(0);
  if (!p || s.place(1) || p.axis !== 0 || attrInt(s.node, 'transA', 0)) return mixes;
  const bias = s.shape(2);
  return s.place(2) || !bias || bias.length < 2 || bias[0] === 1
    ? p
    : 'a constant has a value for each place in the batch';
};

const softmax: Rule = (s) => (s.opset < 13 ? fromAxis(1)(s) : oneAxis(-1)(s));

const rulesByNames: readonly (readonly [string, Rule])[] = [
  [
    'Add Sub Mul Div Pow Max Min Mean Sum Where Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor Mod PRelu Not ' +
      'Relu LeakyRelu Sigmoid Tanh Elu Selu Celu Gelu Mish Softplus Softsign HardSigmoid HardSwish ThresholdedRelu Clip Erf ' +
      'Abs Neg Exp Log Sqrt Reciprocal Floor Ceil Round Sign Sin Cos Tan Cast Identity Dropout IsNaN IsInf ' +
      'QuantizeLinear DequantizeLinear',
    broadcast,
  ],
  [
    'Conv ConvTranspose MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool BatchNormalization ' +
      'InstanceNormalization GroupNormalization LRN DepthToSpace SpaceToDepth Upsample',
    leading,
  ],
  ['Softmax LogSoftmax', softmax],
  ['LayerNormalization', fromAxis(-1)],
  ['Split', oneAxis(0)],
  ['LpNormalization CumSum TopK', oneAxis(-1)],
  [
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare',
    reduce,
  ],
  ['ArgMax ArgMin', arg],
  ['Reshape', reshape],
  ['Flatten', flatten],
  ['Squeeze', squeeze],
  ['Unsqueeze', unsqueeze],
  ['Transpose', transpose],
  ['Concat', concat],
  ['Expand', expand],
  ['Gather', gather],
  ['Slice', slice],
  ['Pad', pad],
  ['Resize', resize],
  ['MatMul', matmul],
  ['Gemm', gemm],
];

export const batchRules: ReadonlyMap<string, Rule> = new Map(
  rulesByNames.flatMap(([names, rule]) => names.split(' ').map((name): [string, Rule] => [name, rule])),
);

/** Operators that move values without changing them. */
import { attrInt, attrInts } from '../../model/graph.ts';
import { asNumbers } from '../../model/tensor.ts';
import { type Gradients, type Rule, type RuleContext, rule } from '../rule.ts';

const reshaped = (op: string): Rule => rule(op, (c) => [() => c.g.reshape(c.dy, c.shape(c.x[0]!))]);

const axisOf = (c: RuleContext, fallback: number): number => {
  const axis = attrInt(c.node, 'axis', fallback);
  return axis < 0 ? axis + c.shape(c.x[0]!).length : axis;
};

/** The integers of an input that must be constant, such as the starts of a Slice. */
function integers(c: RuleContext, i: number): number[] | undefined {
  const tensor = c.x[i] ? c.constant(c.x[i]) : undefined;
  return tensor && asNumbers(tensor);
}

const concat = rule('Concat', (c): Gradients => {
  const axis = axisOf(c, 0);
  let offset = 0;
  return c.x.map((x) => {
    const start = offset;
    offset += c.shape(x)[axis]!;
    const end = offset;
    return () => c.g.slice(c.dy, [start], [end], [axis]);
  });
});

const split: Rule = {
  ...rule('Split', (c) => [
    () => {
      const parts = c.y.map((y, i) => c.cotangents[i] ?? c.g.zeros(c.shape(y)));
      return c.g.concat(parts, axisOf(c, 0));
    },
  ]),
  everyOutput: true,
};

/** Puts the cotangent back where the slice was taken: reverse for negative steps, spread for larger ones, pad around. */
const slice = rule('Slice', (c) => {
  const starts = integers(c, 1);
  return starts && (!c.x[3] || integers(c, 3)) && (!c.x[4] || integers(c, 4))
    ? [() => sliceGradient(c, starts)]
    : [undefined];
});

function sliceGradient(c: RuleContext, starts: readonly number[]): string {
  const shape = c.shape(c.x[0]!);
  const out = c.shape(c.y[0]!);
  const axes = (integers(c, 3) ?? starts.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a));
  const steps = integers(c, 4) ?? starts.map(() => 1);
  let d = c.dy;
  const before = shape.map(() => 0);
  const after = shape.map(() => 0);
  const current = [...out];
  axes.forEach((axis, i) => {
    const extent = shape[axis]!;
    const step = steps[i]!;
    const count = out[axis]!;
    const raw = starts[i]! < 0 ? starts[i]! + extent : starts[i]!;
    const first = Math.min(Math.max(raw, 0), step < 0 ? extent - 1 : extent);
    const lowest = step > 0 ? first : first + (count - 1) * step;
    const stride = Math.abs(step);
    if (step < 0) d = c.g.slice(d, [-1], [-(2 ** 31)], [axis], [-1]);
    if (stride > 1) d = spread(c, d, current, axis, stride);
    current[axis] = (count - 1) * stride + 1;
    before[axis] = lowest;
    after[axis] = extent - lowest - current[axis]!;
  });
  return c.g.pad(d, before, after);
}

/** Puts stride − 1 zeros between neighbours along an axis. */
function spread(c: RuleContext, d: string, shape: readonly number[], axis: number, stride: number): string {
  const { g } = c;
  const lead = shape.slice(0, axis);
  const rest = shape.slice(axis + 1);
  const n = shape[axis]!;
  const apart = g.reshape(d, [...lead, n, 1, ...rest]);
  const none = new Array<number>(shape.length + 1).fill(0);
  const after = none.map((_, i) => (i === axis + 1 ? stride - 1 : 0));
  const wide = g.reshape(g.pad(apart, none, after), [...lead, n * stride, ...rest]);
  return g.slice(wide, [0], [(n - 1) * stride + 1], [axis]);
}

const transpose = rule('Transpose', (c) => [
  () => {
    const rank = c.shape(c.x[0]!).length;
    const perm = attrInts(c.node, 'perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    const inverse = new Array<number>(rank);
    for (const [to, from] of perm.entries()) inverse[from] = to;
    return c.g.transpose(c.dy, inverse);
  },
]);

const expand = rule('Expand', (c) => [() => c.g.unbroadcast(c.dy, c.shape(c.y[0]!), c.shape(c.x[0]!))]);

const tile = rule('Tile', (c) => [
  () => {
    const shape = c.shape(c.x[0]!);
    const repeats = c.shape(c.y[0]!).map((n, i) => n / shape[i]!);
    const apart = c.g.reshape(
      c.dy,
      shape.flatMap((n, i) => [repeats[i]!, n]),
    );
    return c.g.sum(
      apart,
      shape.map((_, i) => 2 * i),
    );
  },
]);

/** Blocks back into space, and space back into blocks, are each other's transposes. */
const inverse = (op: string, other: string): Rule =>
  rule(op, (c) => [
    () =>
      attrMode(c) === 'DCR'
        ? c.g.graph.op(other, [c.dy], { blocksize: attrInt(c.node, 'blocksize', 1) })
        : columnRowDepth(c),
  ]);

const attrMode = (c: RuleContext): string => {
  const mode = c.node.attributes.mode;
  return mode?.type === 'string' ? mode.value : 'DCR';
};

/** DepthToSpace in CRD order has no inverse operator in ONNX: written with reshapes. */
function columnRowDepth(c: RuleContext): string {
  const block = attrInt(c.node, 'blocksize', 1);
  const [n, depth, height, width] = c.shape(c.x[0]!) as [number, number, number, number];
  const apart = c.g.reshape(c.dy, [n, depth / block ** 2, height, block, width, block]);
  return c.g.reshape(c.g.transpose(apart, [0, 1, 3, 5, 2, 4]), [n, depth, height, width]);
}

/** Keeping a triangle is its own transpose. */
const trilu = rule('Trilu', ({ node, g, x, dy }) => [
  () => g.graph.op('Trilu', x[1] ? [dy, x[1]] : [dy], { upper: attrInt(node, 'upper', 1) }),
]);

/** Reversing is its own inverse. */
const reverseSequence = rule('ReverseSequence', ({ node, g, x, dy }) => [
  () =>
    g.graph.op('ReverseSequence', [dy, x[1]!], {
      batch_axis: attrInt(node, 'batch_axis', 1),
      time_axis: attrInt(node, 'time_axis', 0),
    }),
]);

export const layoutRules: readonly Rule[] = [
  reshaped('Reshape'),
  reshaped('Flatten'),
  reshaped('Squeeze'),
  reshaped('Unsqueeze'),
  transpose,
  concat,
  split,
  slice,
  expand,
  tile,
  trilu,
  reverseSequence,
  inverse('DepthToSpace', 'SpaceToDepth'),
  inverse('SpaceToDepth', 'DepthToSpace'),
];

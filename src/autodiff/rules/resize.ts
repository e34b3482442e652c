/**
 * Resize is linear, and separable: along each axis it multiplies by a matrix M of interpolation weights, so the gradient
 * multiplies by Mᵀ. M is what the operator itself makes of an identity: nobody redoes the runtime's arithmetic, and where
 * float32 rounding moves a nearest index, it moves it here too, in every mode and in every runtime.
 */
import { attrInt, attrInts, attrString } from '../../model/graph.ts';
import { asNumbers, float32 } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { type AxisMap, transposedMaps } from './along-axes.ts';

/** An identity, its rows as channels and its columns along `axis`, and how the operator is to resize it. */
interface Probe {
  readonly axis: number;
  /** Extent of the axis after it. */
  readonly width: number;
  readonly scales?: readonly number[];
  readonly sizes?: readonly number[];
  /** Only the last two axes are named. */
  readonly named?: true;
}

/** A larger probe is not written. */
const mostElements = 1 << 24;

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));

/** The axes that scales, sizes and regions speak of: since opset 18 some only. */
function namedAxes(c: RuleContext): number[] {
  const all = c.shape(c.x[0]!).map((_, i) => i);
  return attrInts(c.node, 'axes')?.map((a) => (a < 0 ? a + all.length : a)) ?? all;
}

/** The numbers of an input; undefined where it is left out or empty. */
function given(c: RuleContext, i: number): number[] | undefined {
  const tensor = c.x[i] ? c.constant(c.x[i]) : undefined;
  return tensor && tensor.data.length > 0 ? asNumbers(tensor) : undefined;
}

/** A probe for each axis that changes. */
function probesOf(c: RuleContext): Probe[] {
  const [from, to] = [c.shape(c.x[0]!), c.shape(c.y[0]!)];
  const axes = namedAxes(c);
  // The axis beside must change where any axis did: onnxruntime copies what keeps all its extents, whatever the scales.
  const twice = String(from) === String(to) ? 1 : 2;
  const policy = attrString(c.node, 'keep_aspect_ratio_policy', 'stretch');
  const scales = given(c, 2);
  const sizes = given(c, 3)!;
  const changes = (axis: number, scale: number) => from[axis] !== to[axis] || scale !== 1;
  if (scales) {
    return axes.flatMap((axis, i) =>
      changes(axis, scales[i]!) ? [{ axis, width: 1, scales: [1, 1, scales[i]!, twice] }] : [],
    );
  }
  if (policy === 'stretch') {
    return axes.flatMap((axis) =>
      changes(axis, 1) ? [{ axis, width: 1, sizes: [1, from[axis]!, to[axis]!, twice] }] : [],
    );
  }
  // The ratio of one axis is that of all: the probe has that axis, in lowest terms, beside its own.
  const ratios = axes.map((axis, i) => Math.fround(sizes[i]! / from[axis]!));
  const ratio = (policy === 'not_larger' ? Math.min : Math.max)(...ratios);
  const decisive = ratios.indexOf(ratio);
  const [extent, size] = [from[axes[decisive]!]!, sizes[decisive]!];
  const common = greatestDivisor(extent, size);
  return axes.flatMap((axis, i) =>
    changes(axis, ratio) && twice === 2
      ? [{ axis, width: extent / common, sizes: [sizes[i]!, size / common], named: true }]
      : [],
  );
}

/** M along the axis of a probe. */
function mapOf(c: RuleContext, { axis, width, scales, sizes, named }: Probe): AxisMap {
  const { g, node } = c;
  const [from, to] = [c.shape(c.x[0]!)[axis]!, c.shape(c.y[0]!)[axis]!];
  const identity = new Float32Array(from * from * width);
  for (let i = 0; i < from; i++) identity.fill(1, (i * from + i) * width, (i * from + i + 1) * width);
  // What lies outside the input is a constant, and has no part in M.
  const { axes: _, extrapolation_value: __, ...attributes } = node.attributes;
  const inputs = [g.tensor(float32(identity, [1, from, from, width])), region(c, axis, named === true)];
  inputs.push(scales ? g.value(scales) : '');
  if (sizes) inputs.push(g.graph.constant(sizes, 'int64'));
  const resized = g.graph.op('Resize', inputs, { ...attributes, ...(named && { axes: [2, 3] }) });
  const first = g.slice(resized, [0], [1], [3]);
  return { axis, matrix: g.transpose(g.reshape(first, [from, to]), [1, 0]) };
}

const crops = (c: RuleContext): boolean =>
  attrString(c.node, 'coordinate_transformation_mode', 'half_pixel') === 'tf_crop_and_resize';

/** The part of an axis that is read, from 0 to 1, where there is one. */
function region(c: RuleContext, axis: number, named: boolean): Term {
  const list = crops(c) ? given(c, 1) : undefined;
  if (!list) return '';
  const place = namedAxes(c).indexOf(axis);
  const [start, end] = [list[place]!, list[place + list.length / 2]!];
  return c.g.value(named ? [start, 0, end, 1] : [0, 0, start, 0, 1, 1, end, 1]);
}

/** Scales, sizes and regions that are computed while the graph runs are not known here. */
const isKnown = (c: RuleContext): boolean =>
  c.x.every((x, i) => i === 0 || !x || (i === 1 && !crops(c)) || c.constant(x) !== undefined);

export const resizeRules: readonly Rule[] = [
  rule('Resize', (c) => {
    if (!isKnown(c)) return [];
    const extents = c.shape(c.x[0]!);
    const probes = probesOf(c);
    // With channels last, onnxruntime reads the region of another axis, and no probe would show it.
    const mixesRegions = crops(c) && attrInt(c.node, 'antialias', 0) === 1 && probes.some(({ axis }) => axis === 1);
    if (mixesRegions && extents.length === 4) return [];
    if (probes.some(({ axis, width }) => extents[axis]! ** 2 * width > mostElements)) return [];
    return [
      () =>
        transposedMaps(
          c.g,
          c.dy,
          probes.map((p) => mapOf(c, p)),
          extents.length,
        ),
    ];
  }),
];

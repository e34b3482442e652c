import type { AttributeLike } from '../../../src/model/builder.ts';
import { float32, type Tensor } from '../../../src/model/tensor.ts';
import type { CaseGenerator, Sketch } from './sketch.ts';

const transforms = [
  'half_pixel',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'half_pixel_symmetric',
] as const;
const nearests = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

/** Many of these no float32 can hold, and their positions fall on either side of a whole number. */
const awkward = [1 / 3, 2 / 3, 4 / 3, 5 / 3, 0.7, 0.9, 1.1, 1.25, 0.5, 2, 2.5, 3] as const;

/** At least one row must be left. */
const scaleFor = (s: Sketch, extent: number): number => {
  const scale = Math.fround(s.pick(awkward));
  return Math.fround(scale * extent) < 1 ? 1 : scale;
};

const vector = (s: Sketch, values: readonly number[]): string => s.initializer(float32(values, [values.length]));

const transformOf = (s: Sketch): string => s.pick(s.opset < 19 ? transforms.slice(0, 5) : transforms);

const resize: CaseGenerator = (s) => {
  s.opset = s.pick([11, 13, 19]);
  const shape = [s.int(1, 2), s.int(1, 2), s.int(1, 7), s.int(1, 7)];
  const x = s.real(shape);
  const mode = s.pick(['nearest', 'linear']);
  const attributes = {
    coordinate_transformation_mode: transformOf(s),
    mode,
    ...(mode === 'nearest' ? { nearest_mode: s.pick(nearests) } : {}),
  };
  const none = vector(s, []);
  if (s.bool()) {
    const scales = vector(s, [1, 1, scaleFor(s, shape[2]!), scaleFor(s, shape[3]!)]);
    return s.node('Resize', [x, none, scales], attributes);
  }
  const noScales = s.opset < 13 ? vector(s, []) : '';
  const sizes = s.list([shape[0]!, shape[1]!, s.int(1, 9), s.int(1, 9)]);
  return s.node('Resize', [x, none, noScales, sizes], attributes);
};

/** Bicubic, as of positional embeddings; and scales of some axes only. */
const cubic: CaseGenerator = (s) => {
  s.opset = s.pick([11, 18]);
  const shape = [1, s.int(1, 2), s.int(2, 5), s.int(2, 5)];
  const x = s.real(shape);
  const attributes = { mode: 'cubic', coordinate_transformation_mode: transformOf(s) };
  const two = [scaleFor(s, shape[2]!), scaleFor(s, shape[3]!)];
  if (s.opset === 11) return s.node('Resize', [x, vector(s, []), vector(s, [1, 1, ...two])], attributes);
  return s.node('Resize', [x, '', vector(s, two)], { ...attributes, axes: [2, 3] });
};

/** Larger along one axis and smaller along the other, among others. */
const older: CaseGenerator = (s) => {
  s.opset = 10;
  const shape = [1, 2, s.int(1, 7), s.int(1, 7)];
  const scales = vector(s, [1, 1, scaleFor(s, shape[2]!), scaleFor(s, shape[3]!)]);
  s.node('Resize', [s.real(shape), scales], { mode: s.pick(['nearest', 'linear']) });
};

const upsample: CaseGenerator = (s) => {
  s.opset = 9;
  const scales: Tensor = float32([1, 1, s.pick([1, 4 / 3, 5 / 3, 2, 3]), s.pick([1, 1.1, 2, 2.5])], [4]);
  const x = s.real([1, 2, s.int(1, 6), s.int(1, 6)]);
  s.node('Upsample', [x, s.initializer(scales)], { mode: s.pick(['nearest', 'linear']) });
};

/** Which axes a mode can resize, for a rank that it takes. */
function resizable(s: Sketch, mode: string): { readonly shape: number[]; readonly axes: number[] } {
  const rank = s.pick({ nearest: [1, 2, 3, 4, 5], linear: [2, 3, 4, 5], cubic: [2, 4] }[mode]!);
  const all = Array.from({ length: rank }, (_, i) => i);
  const channelsLast = mode === 'linear' && rank === 4 && s.bool();
  const axes = mode === 'nearest' || rank < 4 ? all : channelsLast ? [1, 2] : all.slice(2);
  return { shape: all.map((d) => s.int(1, axes.includes(d) ? (rank > 3 ? 5 : 9) : 2)), axes };
}

/** All of opset 10 to 19 that onnxruntime takes but antialiasing: modes, ranks, layouts, regions, aspect ratios. */
export const everyResize: CaseGenerator = (s) => {
  s.opset = s.pick([10, 11, 13, 18, 19]);
  const mode = s.pick(s.opset === 10 ? ['nearest', 'linear'] : ['nearest', 'linear', 'cubic']);
  const { shape, axes } = resizable(s, mode);
  const x = s.real(shape);
  if (s.opset === 10) {
    const scales = shape.map((n, d) => (axes.includes(d) && s.bool() ? scaleFor(s, n) : 1));
    return s.node('Resize', [x, vector(s, scales)], { mode });
  }
  const some = s.opset >= 18 && s.bool();
  const named = some ? axes : shape.map((_, d) => d);
  const moves = (d: number) => axes.includes(d) && s.int(0, 3) > 0;
  const crops = s.int(0, 4) === 0;
  const attributes: Record<string, AttributeLike> = {
    mode,
    coordinate_transformation_mode: crops ? 'tf_crop_and_resize' : transformOf(s),
    ...(mode === 'nearest' && { nearest_mode: s.pick(nearests) }),
    ...(mode === 'cubic' && s.bool() && { exclude_outside: 1 }),
    ...(mode === 'cubic' && s.bool() && { cubic_coeff_a: { float: -0.5 } }),
    ...(crops && s.bool() && { extrapolation_value: { float: 3 } }),
    ...(some && { axes: named }),
  };
  const region = () => [
    ...named.map((d) => (axes.includes(d) ? s.pick([0, 0.1, 0.25, -0.2]) : 0)),
    ...named.map((d) => (axes.includes(d) ? s.pick([1, 0.9, 0.6, 1.3]) : 1)),
  ];
  const roi = crops ? vector(s, region()) : s.opset === 11 ? vector(s, []) : '';
  if (s.bool()) {
    const scales = named.map((d) => (moves(d) ? scaleFor(s, shape[d]!) : 1));
    return s.node('Resize', [x, roi, vector(s, scales)], attributes);
  }
  const sizes = s.list(named.map((d) => (moves(d) ? s.int(1, 9) : shape[d]!)));
  // One ratio for all of many axes makes a tensor of millions.
  const policy = some && named.length < 3 ? s.pick(['stretch', 'not_larger', 'not_smaller']) : 'stretch';
  return s.node('Resize', [x, roi, s.opset === 11 ? vector(s, []) : '', sizes], {
    ...attributes,
    ...(policy !== 'stretch' && { keep_aspect_ratio_policy: policy }),
  });
};

export const resizeCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Resize: [resize, cubic, older],
  Upsample: [upsample],
};

/**
 * Positions, extents and scales are computed in float32, step by step as onnxruntime does: the specification leaves open which
 * of two neighbours is nearest to a position that no float32 can hold. Weights and sums are float64, as everything here.
 */
import { attrInt, attrInts, attrString } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required, unsupported } from './call.ts';
import { at, forEachIndex, positiveAxis, tabulate, type Value } from './value.ts';

const f = Math.fround;

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
  /** The part of the input that is read, from 0 to 1. */
  readonly region: readonly [start: number, end: number];
}

interface Modes {
  readonly mode: string;
  readonly transform: string;
  readonly nearest: string;
}

export const resizing: Operators = {
  /** Inputs: opset 10 X, scales; since 11 X, roi, scales, sizes. */
  Resize: (call) => {
    const x = required(call, 0);
    const mode = attrString(call.node, 'mode', 'nearest');
    if (call.opset < 11) return resize(call, x, scaled(x, Array.from(required(call, 1).data)), older(mode));
    return resize(call, x, axesOf(call, x), {
      mode,
      transform: attrString(call.node, 'coordinate_transformation_mode', 'half_pixel'),
      nearest: attrString(call.node, 'nearest_mode', 'round_prefer_floor'),
    });
  },

  Upsample: (call) => {
    const x = required(call, 0);
    const given = call.node.attributes.scales;
    const scales = given?.type === 'floats' ? given.value.map(f) : Array.from(required(call, 1).data);
    return resize(call, x, scaled(x, scales), older(attrString(call.node, 'mode', 'nearest')));
  },
};

const older = (mode: string): Modes => ({ mode, transform: 'asymmetric', nearest: 'simple' });

const whole: Axis['region'] = [0, 1];

const scaled = (x: Value, scales: readonly number[]): Axis[] =>
  x.shape.map((n, d) => ({ input: n, output: Math.trunc(f(n * scales[d]!)), scale: scales[d]!, region: whole }));

function axesOf(call: Call, x: Value): Axis[] {
  const rank = x.shape.length;
  const named = attrInts(call.node, 'axes')?.map((a) => positiveAxis(a, rank)) ?? x.shape.map((_, d) => d);
  const full = (list: ArrayLike<number>, neutral: readonly number[]) =>
    neutral.map((v, d) => (named.includes(d) ? list[named.indexOf(d)]! : v));
  const roi = call.inputs[1]?.data ?? [];
  const regions = x.shape.map((_, d): Axis['region'] => {
    const i = named.indexOf(d);
    return roi.length > 0 && i >= 0 ? [roi[i]!, roi[i + named.length]!] : whole;
  });
  const ones = x.shape.map(() => 1);
  const scales = call.inputs[2];
  const axes = scales && scales.data.length > 0 ? scaled(x, full(scales.data, ones)) : sized(call, x, named, full);
  return axes.map((a, d) => ({ ...a, region: regions[d]! }));
}

function sized(
  call: Call,
  x: Value,
  named: readonly number[],
  full: (list: ArrayLike<number>, neutral: readonly number[]) => number[],
): Axis[] {
  const sizes = full(required(call, 3).data, x.shape);
  const ratios = x.shape.map((n, d) => f(sizes[d]! / n));
  const policy = attrString(call.node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') {
    return x.shape.map((n, d) => ({ input: n, output: sizes[d]!, scale: ratios[d]!, region: whole }));
  }
  const ratio = (policy === 'not_larger' ? Math.min : Math.max)(...named.map((d) => ratios[d]!));
  return x.shape.map((n, d) =>
    named.includes(d)
      ? { input: n, output: Math.round(f(ratio * n)), scale: ratio, region: whole }
      : { input: n, output: n, scale: 1, region: whole },
  );
}

/** Where output position `o` lies in the input. */
function origin(call: Call, mode: string, o: number, { input, output, scale, region: [start, end] }: Axis): number {
  switch (mode) {
    case 'half_pixel':
      return f(f((o + 0.5) / scale) - 0.5);
    case 'half_pixel_symmetric': {
      const adjustment = f(output / f(scale * input));
      const offset = f((input / 2) * f(1 - adjustment));
      return f(offset + (o + 0.5) / scale - 0.5);
    }
    case 'pytorch_half_pixel':
      return output > 1 ? f(f((o + 0.5) / scale) - 0.5) : 0;
    case 'align_corners':
      return output > 1 ? f(f(o * (input - 1)) / (output - 1)) : 0;
    case 'tf_half_pixel_for_nn':
      return f((o + 0.5) / scale);
    case 'asymmetric':
      return f(o / scale);
    case 'tf_crop_and_resize': {
      if (output <= 1) return f(0.5 * f(start + end) * (input - 1));
      const along = f(f(f(o * f(end - start)) * (input - 1)) / (output - 1));
      return f(f(start * (input - 1)) + along);
    }
    default:
      return unsupported(call, `coordinates ${mode}`);
  }
}

function nearestTo(call: Call, mode: string, x: number, scale: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    // Before opset 11, without a mode: up where the axis shrinks.
    case 'simple':
      return scale < 1 ? Math.ceil(x) : Math.floor(x);
    default:
      return unsupported(call, `nearest mode ${mode}`);
  }
}

type Taps = readonly (readonly [position: number, weight: number])[];

/**
 * Which inputs make up a position along an axis, and with what weights. Positions outside repeat the edge; or are left out,
 * and the other weights made to sum to 1.
 */
function tapsAt(call: Call, { mode, nearest }: Modes, p: number, { input: n, scale }: Axis): Taps {
  const inside = (v: number) => Math.min(Math.max(v, 0), n - 1);
  if (mode === 'nearest') return [[inside(nearestTo(call, nearest, p, scale)), 1]];
  const low = Math.floor(p);
  const t = p - low;
  if (mode === 'linear') {
    return [
      [inside(low), 1 - t],
      [inside(low + 1), t],
    ];
  }
  // Keys 1981, with `a` as ONNX has it.
  const a = float(call, 'cubic_coeff_a', -0.75);
  const kernel = (d: number) =>
    d <= 1 ? (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 : a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a;
  const four = [-1, 0, 1, 2].map((k): [number, number] => [low + k, kernel(Math.abs(k - t))]);
  if (attrInt(call.node, 'exclude_outside', 0) === 0) return four.map(([at, w]) => [inside(at), w]);
  const within = four.filter(([at]) => at >= 0 && at < n);
  const sum = within.reduce((s, [, w]) => s + w, 0);
  return within.map(([at, w]) => [at, w / sum]);
}

function resize(call: Call, x: Value, axes: readonly Axis[], modes: Modes): Value {
  if (!['nearest', 'linear', 'cubic'].includes(modes.mode)) unsupported(call, `mode ${modes.mode}`);
  if (attrInt(call.node, 'antialias', 0) === 1) unsupported(call, 'antialias');
  // What keeps all its extents is not touched, whatever the scales.
  if (axes.every((a) => a.input === a.output)) return x;
  const crops = modes.transform === 'tf_crop_and_resize';
  const along = axes.map((axis) =>
    Array.from({ length: axis.output }, (_, o): Taps => {
      // An axis of scale 1 is not touched either, whatever the coordinate mode.
      if (axis.scale === 1) return [[o, 1]];
      const p = origin(call, modes.transform, o, axis);
      return crops && (p < 0 || p > axis.input - 1) ? [] : tapsAt(call, modes, p, axis);
    }),
  );
  const outside = float(call, 'extrapolation_value', 0);
  return tabulate(
    x.dtype,
    axes.map((a) => a.output),
    (index) => {
      const taps = index.map((o, d) => along[d]![o]!);
      if (taps.some((list) => list.length === 0)) return outside;
      let sum = 0;
      forEachIndex(
        taps.map((list) => list.length),
        (pick) => {
          const chosen = pick.map((k, d) => taps[d]![k]!);
          const weight = chosen.reduce((product, [, w]) => product * w, 1);
          const position = chosen.map(([p]) => p);
          if (weight !== 0) sum += weight * at(x, position);
        },
      );
      return sum;
    },
  );
}

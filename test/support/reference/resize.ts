import { attrInt, attrInts, attrString } from '../../../src/model/graph.ts';
import { type Call, float, type Operators, required, unsupported } from './call.ts';
import { at, forEachIndex, positiveAxis, tabulate, type Value } from './value.ts';

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
}

export const resizing: Operators = {
  /** Inputs: opset 10 X, scales; since 11 X, roi, scales, sizes. */
  Resize: (call) => {
    const x = required(call, 0);
    if (call.opset < 11) return resize(call, x, axesBy(x, Array.from(required(call, 1).data)), 'asymmetric', 'floor');
    const transform = attrString(call.node, 'coordinate_transformation_mode', 'half_pixel');
    const nearest = attrString(call.node, 'nearest_mode', 'round_prefer_floor');
    return resize(call, x, axesOf(call, x), transform, nearest);
  },

  Upsample: (call) => {
    const x = required(call, 0);
    const given = call.node.attributes.scales;
    const scales = given?.type === 'floats' ? given.value : Array.from(required(call, 1).data);
    return resize(call, x, axesBy(x, scales), 'asymmetric', 'floor');
  },
};

const axesBy = (x: Value, scales: readonly number[]): Axis[] =>
  x.shape.map((n, d) => ({ input: n, output: Math.floor(n * scales[d]!), scale: scales[d]! }));

function axesOf(call: Call, x: Value): Axis[] {
  const named = attrInts(call.node, 'axes')?.map((a) => positiveAxis(a, x.shape.length));
  const full = (list: Float64Array, neutral: readonly number[]) =>
    named ? neutral.map((v, d) => (named.includes(d) ? list[named.indexOf(d)]! : v)) : Array.from(list);
  const scales = call.inputs[2];
  if (scales && scales.data.length > 0)
    return axesBy(
      x,
      full(
        scales.data,
        x.shape.map(() => 1),
      ),
    );
  if (attrString(call.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') unsupported(call, 'aspect ratio');
  const sizes = full(required(call, 3).data, x.shape);
  return x.shape.map((n, d) => ({ input: n, output: sizes[d]!, scale: sizes[d]! / n }));
}

/** Where output position `o` lies in the input. */
function origin(call: Call, mode: string, o: number, { input, output, scale }: Axis): number {
  switch (mode) {
    case 'half_pixel':
      return (o + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = output / (scale * input);
      return (input / 2) * (1 - adjustment) + (o + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return output > 1 ? (o + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return output > 1 ? (o * (input - 1)) / (output - 1) : 0;
    case 'tf_half_pixel_for_nn':
      return (o + 0.5) / scale;
    case 'asymmetric':
      return o / scale;
    default:
      return unsupported(call, `coordinates ${mode}`);
  }
}

function nearestTo(call: Call, mode: string, x: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    default:
      return unsupported(call, `nearest mode ${mode}`);
  }
}

/** Which inputs make up a position along an axis, and with what weights. Positions outside repeat the edge. */
function taps(call: Call, mode: string, nearest: string, p: number, n: number): readonly (readonly [number, number])[] {
  const inside = (v: number) => Math.min(Math.max(v, 0), n - 1);
  if (mode === 'nearest') return [[inside(nearestTo(call, nearest, p)), 1]];
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
  return [-1, 0, 1, 2].map((k) => [inside(low + k), kernel(Math.abs(k - t))] as const);
}

function resize(call: Call, x: Value, axes: Axis[], transform: string, nearest: string): Value {
  const mode = attrString(call.node, 'mode', 'nearest');
  if (!['nearest', 'linear', 'cubic'].includes(mode)) unsupported(call, `mode ${mode}`);
  if (attrInt(call.node, 'antialias', 0) === 1) unsupported(call, 'antialias');
  if (attrInt(call.node, 'exclude_outside', 0) === 1) unsupported(call, 'exclude_outside');
  return tabulate(
    x.dtype,
    axes.map((a) => a.output),
    (index) => {
      // An axis that keeps its size is not touched, whatever the coordinate mode.
      const along = index.map((o, d) =>
        axes[d]!.scale === 1
          ? [[o, 1] as const]
          : taps(call, mode, nearest, origin(call, transform, o, axes[d]!), axes[d]!.input),
      );
      let sum = 0;
      forEachIndex(
        along.map((list) => list.length),
        (pick) => {
          const chosen = pick.map((k, d) => along[d]![k]!);
          const weight = chosen.reduce((product, [, w]) => product * w, 1);
          if (weight !== 0)
            sum +=
              weight *
              at(
                x,
                chosen.map(([position]) => position),
              );
        },
      );
      return sum;
    },
  );
}

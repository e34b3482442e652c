/** Resize is separable: along each axis every output is a weighted sum of a few inputs, its taps. */
import { attrFloat, attrInt, attrInts, attrString } from '../../../model/graph.ts';
import { type Call, input, type Operators, positiveAxis, range, tensor, unsupported } from '../call.ts';
import type { TfTensor } from '../library.ts';

interface Axis {
  readonly input: number;
  readonly output: number;
  readonly scale: number;
}

interface Modes {
  readonly mode: string;
  readonly transform: string;
  readonly nearest: string;
  readonly cubic: number;
}

const single = Math.fround;

/**
 * Where output position `o` lies in the input, rounded to float32 where onnxruntime rounds: in double precision positions such
 * as those of a scale of 1/3 fall on the other side of a whole number. (core/providers/cpu/tensor/upsamplebase.h)
 */
function origin(mode: string, o: number, { input: n, output, scale }: Axis): number {
  switch (mode) {
    case 'half_pixel':
      return single(single((o + 0.5) / scale) - 0.5);
    case 'half_pixel_symmetric': {
      const adjustment = single(output / single(scale * n));
      return single(single((n / 2) * single(1 - adjustment)) + (o + 0.5) / scale - 0.5);
    }
    case 'pytorch_half_pixel':
      return output > 1 ? single(single((o + 0.5) / scale) - 0.5) : 0;
    case 'align_corners':
      return output > 1 ? single(single(o * (n - 1)) / (output - 1)) : 0;
    case 'tf_half_pixel_for_nn':
      return single((o + 0.5) / scale);
    case 'asymmetric':
      return single(o / scale);
    default:
      return unsupported(`coordinate mode ${mode}`);
  }
}

function nearestTo(mode: string, x: number, scale: number): number {
  switch (mode) {
    case 'round_prefer_floor':
      return Math.ceil(x - 0.5);
    case 'round_prefer_ceil':
      return Math.floor(x + 0.5);
    case 'floor':
      return Math.floor(x);
    case 'ceil':
      return Math.ceil(x);
    // Before opset 11: up where the axis shrinks.
    case 'simple':
      return scale < 1 ? Math.ceil(x) : Math.floor(x);
    default:
      return unsupported(`nearest mode ${mode}`);
  }
}

/** Positions and weights that make an output at `x`; positions outside repeat the edge. */
function tapsAt(x: number, scale: number, { mode, nearest, cubic: a }: Modes): [number, number][] {
  if (mode === 'nearest') return [[nearestTo(nearest, x, scale), 1]];
  const low = Math.floor(x);
  const t = x - low;
  const linear: [number, number][] = [
    [low, 1 - t],
    [low + 1, t],
  ];
  if (mode === 'linear') return linear;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [
    [low - 1, far(1 + t)],
    [low, near(t)],
    [low + 1, near(1 - t)],
    [low + 2, far(2 - t)],
  ];
}

function resize(call: Call, axes: readonly Axis[], modes: Modes): TfTensor {
  const { tf, node } = call;
  if (attrInt(node, 'antialias', 0) === 1) unsupported('antialias');
  if (attrInt(node, 'exclude_outside', 0) === 1) unsupported('exclude_outside');
  if (!['nearest', 'linear', 'cubic'].includes(modes.mode)) unsupported(`mode ${modes.mode}`);
  // What keeps all its extents is not touched, whatever the scales.
  if (axes.every((a) => a.input === a.output)) return tensor(call, 0);
  return axes.reduce<TfTensor>(
    (y, axis, d) => {
      // An axis that keeps its size is not touched, whatever the coordinate mode.
      if (axis.scale === 1 && axis.input === axis.output) return y;
      const outputs = range(axis.output).map((o) => tapsAt(origin(modes.transform, o, axis), axis.scale, modes));
      const inside = (p: number) => Math.min(Math.max(p, 0), axis.input - 1);
      const parts = outputs[0]!.map((_, tap) => {
        const places = outputs.map((taps) => inside(taps[tap]![0]));
        const taken = tf.gather(y, tf.tensor1d(places, 'int32'), d);
        if (modes.mode === 'nearest') return taken;
        const weights = outputs.map((taps) => taps[tap]![1]);
        const shape = y.shape.map((_n, e) => (e === d ? axis.output : 1));
        return tf.mul(taken, tf.tensor(weights, shape));
      });
      return parts.length === 1 ? parts[0]! : tf.addN(parts);
    },
    tensor(call, 0),
  );
}

const scaled = (shape: readonly number[], scales: readonly number[]): Axis[] =>
  shape.map((n, d) => ({ input: n, output: Math.trunc(single(n * scales[d]!)), scale: scales[d]! }));

function axesOf(call: Call, shape: readonly number[]): Axis[] {
  const named = attrInts(call.node, 'axes')?.map((a) => positiveAxis(a, shape.length));
  const full = (list: readonly number[], neutral: readonly number[]) =>
    named ? neutral.map((v, d) => (named.includes(d) ? list[named.indexOf(d)]! : v)) : list;
  const scales = call.inputs[2]?.numbers() ?? [];
  if (scales.length > 0) {
    return scaled(
      shape,
      full(
        scales,
        shape.map(() => 1),
      ),
    );
  }
  if (attrString(call.node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') unsupported('an aspect ratio policy');
  const sizes = full(input(call, 3).numbers(), shape);
  return shape.map((n, d) => ({ input: n, output: sizes[d]!, scale: single(sizes[d]! / n) }));
}

const older = (mode: string): Modes => ({ mode, transform: 'asymmetric', nearest: 'simple', cubic: -0.75 });

export const resizing: Operators = {
  /** Inputs: opset 10 X, scales; since 11 X, roi, scales, sizes. */
  Resize: (call) => {
    const { node } = call;
    const { shape } = input(call, 0);
    const mode = attrString(node, 'mode', 'nearest');
    if (call.opset < 11) return resize(call, scaled(shape, input(call, 1).numbers()), older(mode));
    return resize(call, axesOf(call, shape), {
      mode,
      transform: attrString(node, 'coordinate_transformation_mode', 'half_pixel'),
      nearest: attrString(node, 'nearest_mode', 'round_prefer_floor'),
      cubic: attrFloat(node, 'cubic_coeff_a', -0.75),
    });
  },

  Upsample: (call) => {
    const given = call.node.attributes.scales;
    const scales = given?.type === 'floats' ? given.value.map(single) : input(call, 1).numbers();
    return resize(call, scaled(input(call, 0).shape, scales), older(attrString(call.node, 'mode', 'nearest')));
  },
};

/** Convolutions and pools, for layers and for graph nodes alike. */
import type { AttributeLike } from '../builder.ts';
import type { Tensor } from '../tensor.ts';
import { type Dims, type Feature, reshaped, transposed, type Writer } from './feature.ts';
import { unsupported } from './json.ts';

/** `same` and `valid`, or explicit widths before and after each spatial axis. */
export type Padding =
  | 'same'
  | 'valid'
  | 'causal'
  | { readonly before: readonly number[]; readonly after: readonly number[] };

export interface WindowOptions {
  readonly name: string;
  readonly strides: readonly number[];
  readonly padding: Padding;
  /** Default 1. */
  readonly dilations?: readonly number[];
}

interface Geometry {
  readonly attributes: Record<string, AttributeLike>;
  readonly output: Dims;
}

/** TensorFlow's `same`: as many outputs as strides fit, the odd element of padding at the end. */
function geometry(spatial: Dims, kernel: readonly number[], o: WindowOptions): Geometry {
  const { strides, padding, dilations = kernel.map(() => 1) } = o;
  const reach = kernel.map((k, d) => (k - 1) * dilations[d]! + 1);
  const dilated = dilations.some((d) => d !== 1) ? { dilations: [...dilations] } : {};
  const base = { kernel_shape: [...kernel], strides: [...strides], ...dilated };
  if (padding === 'same') {
    const output = spatial.map((n, d) => (n === undefined ? undefined : Math.ceil(n / strides[d]!)));
    if (output.includes(undefined)) return { attributes: { ...base, auto_pad: 'SAME_UPPER' }, output };
    const total = spatial.map((n, d) => Math.max((output[d]! - 1) * strides[d]! + reach[d]! - n!, 0));
    const before = total.map((t) => Math.floor(t / 2));
    return { attributes: { ...base, pads: [...before, ...total.map((t, d) => t - before[d]!)] }, output };
  }
  const zero = kernel.map(() => 0);
  const { before, after } =
    padding === 'valid'
      ? { before: zero, after: zero }
      : padding === 'causal'
        ? { before: reach.map((r) => r - 1), after: zero }
        : padding;
  const output = spatial.map((n, d) =>
    n === undefined ? undefined : Math.floor((n + before[d]! + after[d]! - reach[d]!) / strides[d]!) + 1,
  );
  if (output.some((n) => n !== undefined && n <= 0))
    unsupported(`a window of [${reach}] does not fit into [${spatial}]`);
  return { attributes: { ...base, pads: [...before, ...after] }, output };
}

const spatialOf = (x: Feature): Dims => x.dims.slice(1, -1);

/** @param kernel […k, in / groups, out] */
export function convolution(
  w: Writer,
  x: Feature,
  kernel: Tensor,
  bias: Tensor | undefined,
  o: WindowOptions & { readonly kernelName: string },
): Feature {
  const rank = kernel.shape.length;
  const [inputs, outputs] = kernel.shape.slice(-2) as [number, number];
  const channels = x.dims.at(-1) ?? inputs;
  if (channels % inputs !== 0) unsupported(`${channels} channels for a kernel of ${inputs}`);
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  const weights = transposed(kernel, [rank - 1, rank - 2, ...spatial]);
  return emit(w, x, weights, bias, outputs, channels / inputs, o);
}

/** @param kernel [h, w, in, multiplier] */
export function depthwise(
  w: Writer,
  x: Feature,
  kernel: Tensor,
  bias: Tensor | undefined,
  o: WindowOptions & { readonly kernelName: string },
): Feature {
  const rank = kernel.shape.length;
  const [inputs, multiplier] = kernel.shape.slice(-2) as [number, number];
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  const apart = transposed(kernel, [rank - 2, rank - 1, ...spatial]);
  const weights = reshaped(apart, [inputs * multiplier, 1, ...kernel.shape.slice(0, -2)]);
  return emit(w, x, weights, bias, inputs * multiplier, inputs, o);
}

function emit(
  w: Writer,
  x: Feature,
  weights: Tensor,
  bias: Tensor | undefined,
  outputs: number,
  group: number,
  o: WindowOptions & { readonly kernelName: string },
): Feature {
  const { attributes, output } = geometry(spatialOf(x), weights.shape.slice(2), o);
  const inputs = [w.second(x), w.b.initializer(weights, w.b.fresh(o.kernelName))];
  if (bias) inputs.push(w.b.initializer(reshaped(bias, [outputs]), w.b.fresh(`${o.name}/bias`)));
  return w.op('Conv', inputs, group === 1 ? attributes : { ...attributes, group }, {
    name: o.name,
    dims: [x.dims[0], ...output, outputs],
    form: 'second',
  });
}

/** @param kernel [h, w, out, in]. The output is the input of which a convolution with this padding makes x. */
export function transposedConvolution(
  w: Writer,
  x: Feature,
  kernel: Tensor,
  bias: Tensor | undefined,
  o: WindowOptions & { readonly kernelName: string; readonly output?: Dims },
): Feature {
  if (o.padding !== 'same' && o.padding !== 'valid') unsupported('this padding of a transposed convolution');
  const rank = kernel.shape.length;
  const outputs = kernel.shape[rank - 2]!;
  const spatial = Array.from({ length: rank - 2 }, (_, i) => i);
  const weights = transposed(kernel, [rank - 1, rank - 2, ...spatial]);
  const extents = kernel.shape.slice(0, -2);
  const over = extents.map((k, d) => k - o.strides[d]!);
  const usual = spatialOf(x).map((n, d) =>
    n === undefined ? undefined : n * o.strides[d]! + (o.padding === 'valid' ? Math.max(over[d]!, 0) : 0),
  );
  const output = o.output ?? usual;
  // What the full result, strides apart, is longer than the output.
  const total = spatialOf(x).map((n, d) => {
    const size = output[d];
    if (n !== undefined && size !== undefined) return (n - 1) * o.strides[d]! + extents[d]! - size;
    return o.padding === 'same' ? over[d]! : Math.min(over[d]!, 0);
  });
  const cut = total.map((t) => Math.max(t, 0));
  const before = cut.map((t) => (o.padding === 'same' ? Math.floor(t / 2) : 0));
  const extra = total.map((t) => Math.max(-t, 0));
  const attributes = {
    kernel_shape: extents,
    strides: [...o.strides],
    pads: [...before, ...cut.map((t, d) => t - before[d]!)],
    ...(extra.some((n) => n > 0) ? { output_padding: extra } : {}),
  };
  const inputs = [w.second(x), w.b.initializer(weights, w.b.fresh(o.kernelName))];
  if (bias) inputs.push(w.b.initializer(bias, w.b.fresh(`${o.name}/bias`)));
  return w.op('ConvTranspose', inputs, attributes, {
    name: o.name,
    dims: [x.dims[0], ...output, outputs],
    form: 'second',
  });
}

/** TensorFlow does not count padding in averages, which is ONNX's default. */
export function pool(
  w: Writer,
  x: Feature,
  op: 'MaxPool' | 'AveragePool',
  kernel: readonly number[],
  o: WindowOptions,
): Feature {
  const { attributes, output } = geometry(spatialOf(x), kernel, o);
  return w.op(op, [w.second(x)], attributes, {
    name: o.name,
    dims: [x.dims[0], ...output, x.dims.at(-1)],
    form: 'second',
  });
}

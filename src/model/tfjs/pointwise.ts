/** Elementwise operators and activation functions. */
import type { AttributeLike } from '../builder.ts';
import { type DType, float32, scalar, type Tensor } from '../tensor.ts';
import {
  broadcast,
  type Dims,
  type Feature,
  type Form,
  reshaped,
  toSecond,
  transposed,
  type Writer,
} from './feature.ts';
import { unsupported } from './json.ts';

export interface Named {
  readonly name: string;
  readonly dtype?: DType;
}

/** An operator over one tensor, in whatever form that is. */
export function unary(
  w: Writer,
  op: string,
  x: Feature,
  o: Named,
  attributes: Record<string, AttributeLike> = {},
): Feature {
  const form = w.formOf([x]);
  return w.op(op, [w.in(x, form)], attributes, { name: o.name, dims: x.dims, form, dtype: o.dtype ?? x.dtype });
}

/** An operator over tensors that broadcast into each other. */
export function broadcasting(w: Writer, op: string, inputs: readonly Feature[], o: Named): Feature {
  const dims = inputs.map((f) => f.dims).reduce(broadcast);
  const form = elementwiseForm(w, inputs, dims.length);
  const names = inputs.map((f) => operand(w, f, dims.length, form));
  const dtype = o.dtype ?? inputs.find((f) => !f.constant)?.dtype ?? inputs[0]!.dtype;
  return w.op(op, names, {}, { name: o.name, dims, form, dtype });
}

/** Channels second only where every tensor that moves has all the axes. */
function elementwiseForm(w: Writer, inputs: readonly Feature[], rank: number): Form {
  const moving = inputs.filter((f) => !f.constant);
  if (rank < 3 || moving.some((f) => f.dims.length !== rank)) return 'last';
  return moving.some((f) => f.second !== undefined && f.last === undefined) ? 'second' : w.formOf(inputs);
}

function operand(w: Writer, f: Feature, rank: number, form: Form): string {
  if (form === 'last' || !f.constant) return w.in(f, form);
  if (f.constant.shape.length === 0) return w.last(f);
  return w.b.initializer(channelsSecond(f.constant, rank));
}

/** A constant that broadcasts against channels last, as one that broadcasts against channels second. */
export function channelsSecond(t: Tensor, rank: number): Tensor {
  const full = reshaped(t, [...Array.from({ length: rank - t.shape.length }, () => 1), ...t.shape]);
  const moved = transposed(full, toSecond(rank));
  const first = moved.shape.findIndex((n) => n !== 1);
  return first < 0 ? reshaped(moved, []) : reshaped(moved, moved.shape.slice(first));
}

type Activation = (w: Writer, x: Feature, o: Named) => Feature;

const plain =
  (op: string, attributes: Record<string, AttributeLike> = {}): Activation =>
  (w, x, o) =>
    unary(w, op, x, o, attributes);

export function clip(w: Writer, x: Feature, low: number, high: number, o: Named): Feature {
  const form = w.formOf([x]);
  const bounds = [low, high].map((v) => (Number.isFinite(v) ? w.b.initializer(scalar(v)) : ''));
  if (bounds[1] === '') bounds.pop();
  return w.op('Clip', [w.in(x, form), ...bounds], {}, { name: o.name, dims: x.dims, form, dtype: x.dtype });
}

export function scale(w: Writer, x: Feature, factor: number, o: Named): Feature {
  return broadcasting(w, 'Mul', [x, w.constant(scalar(factor))], o);
}

export function softmax(w: Writer, op: 'Softmax' | 'LogSoftmax', x: Feature, axis: number, o: Named): Feature {
  const form = w.formOf([x]);
  const attributes = { axis: w.axis(axis, x.dims.length, form) };
  return w.op(op, [w.in(x, form)], attributes, { name: o.name, dims: x.dims, form });
}

const swish: Activation = (w, x, o) =>
  broadcasting(w, 'Mul', [x, unary(w, 'Sigmoid', x, { name: `${o.name}/sigmoid` })], o);

/** By the error function, or nearly so by the hyperbolic tangent. */
export function gelu(w: Writer, x: Feature, approximate: boolean, o: Named): Feature {
  const step = (name: string) => ({ name: `${o.name}/${name}` });
  const half = scale(w, x, 0.5, step('half'));
  const inner = approximate
    ? scale(
        w,
        broadcasting(
          w,
          'Add',
          [x, scale(w, broadcasting(w, 'Pow', [x, w.constant(scalar(3))], step('cube')), 0.044715, step('small'))],
          step('bent'),
        ),
        Math.sqrt(2 / Math.PI),
        step('scaled'),
      )
    : scale(w, x, Math.SQRT1_2, step('scaled'));
  const bell = unary(w, approximate ? 'Tanh' : 'Erf', inner, step('bell'));
  return broadcasting(w, 'Mul', [half, broadcasting(w, 'Add', [bell, w.constant(scalar(1))], step('raised'))], o);
}

/** tanh(softplus(x)) · x */
const mish: Activation = (w, x, o) => {
  const soft = unary(w, 'Softplus', x, { name: `${o.name}/softplus` });
  return broadcasting(w, 'Mul', [x, unary(w, 'Tanh', soft, { name: `${o.name}/tanh` })], o);
};

const activations: Readonly<Record<string, Activation>> = {
  relu: plain('Relu'),
  relu6: (w, x, o) => clip(w, x, 0, 6, o),
  elu: plain('Elu'),
  selu: plain('Selu'),
  sigmoid: plain('Sigmoid'),
  hardsigmoid: plain('HardSigmoid', { alpha: { float: 0.2 }, beta: { float: 0.5 } }),
  tanh: plain('Tanh'),
  softplus: plain('Softplus'),
  softsign: plain('Softsign'),
  exponential: plain('Exp'),
  leakyrelu: plain('LeakyRelu', { alpha: { float: 0.2 } }),
  softmax: (w, x, o) => softmax(w, 'Softmax', x, -1, o),
  logsoftmax: (w, x, o) => softmax(w, 'LogSoftmax', x, -1, o),
  swish,
  silu: swish,
  mish,
  gelu: (w, x, o) => gelu(w, x, false, o),
  gelunew: (w, x, o) => gelu(w, x, true, o),
};

export const isLinear = (name: unknown): boolean => name === undefined || name === null || name === 'linear';

/** An activation by its Keras or graph name: `hard_sigmoid`, `hardSigmoid`, `Relu6`. */
export function activation(w: Writer, name: string, x: Feature, o: Named): Feature {
  const key = name.replaceAll('_', '').toLowerCase();
  const f = Object.hasOwn(activations, key) ? activations[key]! : unsupported(`activation ${name} is not known`);
  return f(w, x, o);
}

/** The function of a layer that ends in an activation: its last tensor has the layer's name. */
export function activated(w: Writer, name: string, fn: unknown, linear: (name: string) => Feature): Feature {
  if (isLinear(fn)) return linear(name);
  if (typeof fn !== 'string') unsupported('an activation that is no name');
  return activation(w, fn as string, linear(`${name}/linear`), { name });
}

/** The same values under another shape; the order is TensorFlow's. */
export function reshape(w: Writer, x: Feature, shape: readonly number[], dims: Dims, o: Named): Feature {
  return w.op('Reshape', [w.last(x), w.ints(shape)], {}, { name: o.name, dims, dtype: x.dtype });
}

export function transpose(w: Writer, x: Feature, perm: readonly number[], o: Named): Feature {
  const dims = perm.map((d) => x.dims[d]);
  return w.op('Transpose', [w.last(x)], { perm: [...perm] }, { name: o.name, dims, dtype: x.dtype });
}

export function concat(w: Writer, inputs: readonly Feature[], axis: number, o: Named): Feature {
  const rank = inputs[0]!.dims.length;
  const moving = inputs.filter((f) => !f.constant);
  const form =
    rank >= 3 && moving.some((f) => f.second !== undefined && f.last === undefined) ? 'second' : w.formOf(inputs);
  const at = axis < 0 ? axis + rank : axis;
  const sizes = inputs.map((f) => f.dims[at]);
  const total = sizes.includes(undefined) ? undefined : sizes.reduce((a, b) => a! + b!, 0);
  const dims = inputs[0]!.dims.map((n, d) => (d === at ? total : n));
  const attributes = { axis: w.axis(axis, rank, form) };
  const names = inputs.map((f) => w.in(f, form));
  return w.op('Concat', names, attributes, { name: o.name, dims, form, dtype: inputs[0]!.dtype });
}

/** A reduction over axes of TensorFlow's order. */
export function reduce(w: Writer, op: string, x: Feature, axes: readonly number[], keep: boolean, o: Named): Feature {
  const rank = x.dims.length;
  const gone = new Set(axes.map((a) => (a < 0 ? a + rank : a)));
  if ([...gone].some((a) => a < 0 || a >= rank)) unsupported(`axes [${axes}] of ${rank}`);
  // The order of what is left must be TensorFlow's.
  const channelsStay = !gone.has(rank - 1) && [...gone].length < rank - 2;
  const form = !keep && channelsStay ? 'last' : w.formOf([x]);
  const dims = x.dims.flatMap((n, d) => (!gone.has(d) ? [n] : keep ? [1] : []));
  const list = axes.map((a) => w.axis(a, rank, form));
  const sum = op === 'ReduceSum';
  const inputs = sum ? [w.in(x, form), w.ints(list)] : [w.in(x, form)];
  const attributes = { keepdims: keep ? 1 : 0, ...(sum ? {} : { axes: list }) };
  return w.op(op, inputs, attributes, { name: o.name, dims, form: keep ? form : 'last', dtype: x.dtype });
}

/** Zeros around, widths in TensorFlow's order; negative ones crop. */
export function pad(
  w: Writer,
  x: Feature,
  before: readonly number[],
  after: readonly number[],
  o: Named & { readonly value?: number; readonly mode?: 'constant' | 'reflect' },
): Feature {
  const form = w.formOf([x]);
  const rank = x.dims.length;
  const order = form === 'second' && rank >= 3 ? toSecond(rank) : before.map((_, d) => d);
  const pads = [...order.map((d) => before[d]!), ...order.map((d) => after[d]!)];
  const inputs = [w.in(x, form), w.ints(pads)];
  if (o.mode !== 'reflect') inputs.push(w.b.initializer(scalar(o.value ?? 0)));
  const dims = x.dims.map((n, d) => (n === undefined ? undefined : n + before[d]! + after[d]!));
  return w.op('Pad', inputs, { mode: o.mode ?? 'constant' }, { name: o.name, dims, form, dtype: x.dtype });
}

/** Nearest or linear, over the spatial axes. Scales are float32 and must give exactly the extents wanted. */
export function resize(
  w: Writer,
  x: Feature,
  to: readonly number[],
  how: { readonly mode: 'nearest' | 'linear'; readonly coordinates: string; readonly nearest?: string },
  o: Named,
): Feature {
  const from = x.dims.slice(1, -1);
  if (from.includes(undefined)) unsupported('the size of its input is not fixed');
  const scales = to.map((n, d) => exactScale(from[d]!, n));
  const attributes = {
    mode: how.mode,
    coordinate_transformation_mode: how.coordinates,
    ...(how.mode === 'nearest' ? { nearest_mode: how.nearest ?? 'floor' } : {}),
  };
  const list = w.b.initializer(float32([1, 1, ...scales], [scales.length + 2]));
  return w.op('Resize', [w.second(x), '', list], attributes, {
    name: o.name,
    dims: [x.dims[0], ...to, x.dims.at(-1)],
    form: 'second',
  });
}

/** The float32 nearest to to / from with which ⌊from · scale⌋ is `to`. */
function exactScale(from: number, to: number): number {
  const bits = new Int32Array(1);
  const value = new Float32Array(bits.buffer);
  value[0] = to / from;
  while (Math.floor(Math.fround(from * value[0]!)) < to || Math.floor(from * value[0]!) < to) bits[0]!++;
  return value[0]!;
}

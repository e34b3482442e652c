import { float32, scalar, type Tensor } from '../../tensor.ts';
import type { Feature } from '../feature.ts';
import { list, number, unsupported, wholeNumber } from '../json.ts';
import {
  activated,
  activation,
  broadcasting,
  channelsSecond,
  clip,
  concat,
  reshape,
  scale,
  softmax,
  transpose,
  unary,
} from '../pointwise.ts';
import { first, type Layer, type LayerWriter, type LayerWriters, optional } from './layer.ts';

const identity: LayerWriter = (layer) => first(layer);

const dense: LayerWriter = (layer) => {
  const { w, name, config } = layer;
  const x = first(layer);
  const kernel = layer.weight('kernel');
  const units = kernel.shape[1] ?? unsupported('a kernel that is no matrix');
  const bias = optional(layer, 'bias', config.use_bias);
  return activated(w, name, config.activation, (last) => {
    const k = w.b.initializer(kernel, w.b.fresh(`${name}/kernel`));
    const dims = [...x.dims.slice(0, -1), units];
    if (x.dims.length === 2) {
      const b = bias ? [w.b.initializer(bias, w.b.fresh(`${name}/bias`))] : [];
      return w.op('Gemm', [w.last(x), k, ...b], {}, { name: last, dims });
    }
    const product = w.op('MatMul', [w.last(x), k], {}, { name: bias ? `${name}/product` : last, dims });
    return bias ? broadcasting(w, 'Add', [product, w.constant(bias)], { name: last }) : product;
  });
};

const numberOf = (layer: Layer, key: string, fallback: number): number =>
  number(layer.config[key] ?? fallback, `${key} of layer ${layer.name}`);

const batchNormalization: LayerWriter = (layer) => {
  const { w, name, config } = layer;
  const x = first(layer);
  const rank = x.dims.length;
  const raw = Array.isArray(config.axis) ? config.axis[0] : config.axis;
  const axis = wholeNumber(raw ?? -1, `axis of layer ${name}`);
  if ((axis < 0 ? axis + rank : axis) !== rank - 1) unsupported(`normalisation of axis ${axis}`);
  const mean = layer.weight('moving_mean');
  const constant = (value: number): Tensor => float32(new Float32Array(mean.data.length).fill(value), mean.shape);
  const weights: readonly [string, Tensor][] = [
    ['gamma', config.scale === false ? constant(1) : layer.weight('gamma')],
    ['beta', config.center === false ? constant(0) : layer.weight('beta')],
    ['moving_mean', mean],
    ['moving_variance', layer.weight('moving_variance')],
  ];
  const names = weights.map(([key, t]) => w.b.initializer(t, w.b.fresh(`${name}/${key}`)));
  const epsilon = { float: numberOf(layer, 'epsilon', 1e-3) };
  return w.op('BatchNormalization', [w.second(x), ...names], { epsilon }, { name, dims: x.dims, form: 'second' });
};

const layerNormalization: LayerWriter = (layer) => {
  const { w, name, config } = layer;
  const x = first(layer);
  const rank = x.dims.length;
  const raw = Array.isArray(config.axis) && config.axis.length === 1 ? config.axis[0] : config.axis;
  const axis = wholeNumber(raw ?? -1, `axis of layer ${name}`);
  if ((axis < 0 ? axis + rank : axis) !== rank - 1) unsupported(`normalisation of axis ${axis}`);
  const size = x.dims.at(-1) ?? unsupported('an axis of unknown size');
  const ones = float32(new Float32Array(size).fill(1), [size]);
  const gamma = config.scale === false ? ones : layer.weight('gamma');
  const names = [w.b.initializer(gamma, w.b.fresh(`${name}/gamma`))];
  if (config.center !== false) names.push(w.b.initializer(layer.weight('beta'), w.b.fresh(`${name}/beta`)));
  const attributes = { axis: -1, epsilon: { float: numberOf(layer, 'epsilon', 1e-3) } };
  return w.op('LayerNormalization', [w.last(x), ...names], attributes, { name, dims: x.dims });
};

/** f(x) = max_value above it, slope · (x − threshold) below the threshold, x between. */
const relu: LayerWriter = (layer) => {
  const { w, name, config } = layer;
  const x = first(layer);
  const slope = numberOf(layer, 'negative_slope', 0);
  if (numberOf(layer, 'threshold', 0) !== 0) unsupported('a threshold that is not 0');
  const most =
    config.max_value === undefined || config.max_value === null ? undefined : numberOf(layer, 'max_value', 0);
  if (slope === 0) return most === undefined ? unary(w, 'Relu', x, { name }) : clip(w, x, 0, most, { name });
  const leaky = (n: string) => unary(w, 'LeakyRelu', x, { name: n }, { alpha: { float: slope } });
  return most === undefined ? leaky(name) : clip(w, leaky(`${name}/slope`), Number.NEGATIVE_INFINITY, most, { name });
};

/** Shared axes have length 1. */
const prelu: LayerWriter = (layer) => {
  const { w, name } = layer;
  const x = first(layer);
  const form = w.formOf([x]);
  const alpha = layer.weight('alpha');
  const slope = form === 'second' && x.dims.length >= 3 ? channelsSecond(alpha, x.dims.length) : alpha;
  const inputs = [w.in(x, form), w.b.initializer(slope, w.b.fresh(`${name}/alpha`))];
  return w.op('PRelu', inputs, {}, { name, dims: x.dims, form });
};

const tuned =
  (op: string, key: string, attribute: string, fallback: number, renamed?: string): LayerWriter =>
  (layer) => {
    const value = layer.config[key] ?? (renamed ? layer.config[renamed] : undefined) ?? fallback;
    const attributes = { [attribute]: { float: number(value, `${key} of layer ${layer.name}`) } };
    return unary(layer.w, op, first(layer), { name: layer.name }, attributes);
  };

const softmaxLayer: LayerWriter = (layer) =>
  softmax(layer.w, 'Softmax', first(layer), wholeNumber(layer.config.axis ?? -1, 'axis'), { name: layer.name });

const activationLayer: LayerWriter = (layer) => {
  const fn = layer.config.activation;
  if (fn === 'linear' || fn === undefined) return first(layer);
  return activation(
    layer.w,
    typeof fn === 'string' ? fn : unsupported('an activation that is no name'),
    first(layer),
    layer,
  );
};

const merge =
  (op: 'Add' | 'Mul' | 'Max' | 'Min'): LayerWriter =>
  (layer) => {
    const [a, ...rest] = layer.inputs;
    if (!a || rest.length === 0) unsupported('fewer than two inputs');
    return rest.reduce<Feature>((sum, x, i) => {
      const last = i === rest.length - 1;
      return broadcasting(layer.w, op, [sum, x], { name: last ? layer.name : `${layer.name}/${i}` });
    }, a!);
  };

const subtract: LayerWriter = (layer) => {
  if (layer.inputs.length !== 2) unsupported(`${layer.inputs.length} inputs`);
  return broadcasting(layer.w, 'Sub', layer.inputs, layer);
};

const average: LayerWriter = (layer) => {
  const sum = merge('Add')({ ...layer, name: `${layer.name}/sum` });
  return scale(layer.w, sum, 1 / layer.inputs.length, layer);
};

const concatenate: LayerWriter = (layer) =>
  concat(layer.w, layer.inputs, wholeNumber(layer.config.axis ?? -1, `axis of layer ${layer.name}`), layer);

const reshapeLayer: LayerWriter = (layer) => {
  const x = first(layer);
  const target = list(layer.config.target_shape, 'target_shape').map((n) =>
    n === null ? -1 : wholeNumber(n, 'target_shape'),
  );
  const inner = x.dims.slice(1);
  const size = inner.includes(undefined) ? undefined : inner.reduce((a, b) => a! * b!, 1)!;
  const known = target.filter((n) => n !== -1).reduce((a, b) => a * b, 1);
  const dims = target.map((n) => (n === -1 ? (size === undefined ? undefined : size / known) : n));
  return reshape(layer.w, x, [0, ...target], [x.dims[0], ...dims], layer);
};

const permute: LayerWriter = (layer) => {
  const order = list(layer.config.dims, 'dims').map((n) => wholeNumber(n, 'dims'));
  const x = first(layer);
  if (
    [...order].sort().join() !==
    x.dims
      .slice(1)
      .map((_, i) => i + 1)
      .join()
  )
    unsupported(`the order [${order}]`);
  return transpose(layer.w, x, [0, ...order], layer);
};

const repeatVector: LayerWriter = (layer) => {
  const x = first(layer);
  const n = wholeNumber(layer.config.n, 'n');
  const { w, name } = layer;
  const one = reshape(w, x, [0, 1, -1], [x.dims[0], 1, x.dims[1]], { name: `${name}/one` });
  return w.op('Tile', [w.last(one), w.ints([1, n, 1])], {}, { name, dims: [x.dims[0], n, x.dims[1]] });
};

/** Numbers or lists of them, one a channel. */
function perChannel(layer: Layer, key: string, fallback: number): Tensor {
  const value = layer.config[key] ?? fallback;
  if (!Array.isArray(value)) return scalar(number(value, `${key} of layer ${layer.name}`));
  const numbers = value.map((v) => number(v, `${key} of layer ${layer.name}`));
  return float32(numbers, [numbers.length]);
}

const rescaling: LayerWriter = (layer) => {
  const { w, name } = layer;
  const scaled = broadcasting(w, 'Mul', [first(layer), w.constant(perChannel(layer, 'scale', 1))], {
    name: `${name}/scale`,
  });
  return broadcasting(w, 'Add', [scaled, w.constant(perChannel(layer, 'offset', 0))], { name });
};

export const otherLayers: LayerWriters = {
  Dense: dense,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  ReLU: relu,
  PReLU: prelu,
  LeakyReLU: tuned('LeakyRelu', 'alpha', 'alpha', 0.3, 'negative_slope'),
  ELU: tuned('Elu', 'alpha', 'alpha', 1),
  ThresholdedReLU: tuned('ThresholdedRelu', 'theta', 'alpha', 1),
  Softmax: softmaxLayer,
  Activation: activationLayer,
  Add: merge('Add'),
  Multiply: merge('Mul'),
  Maximum: merge('Max'),
  Minimum: merge('Min'),
  Subtract: subtract,
  Average: average,
  Concatenate: concatenate,
  Reshape: reshapeLayer,
  Permute: permute,
  RepeatVector: repeatVector,
  Rescaling: rescaling,
  // At inference these do nothing.
  Dropout: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  AlphaDropout: identity,
  GaussianDropout: identity,
  GaussianNoise: identity,
  ActivityRegularization: identity,
};

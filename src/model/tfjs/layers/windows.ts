import type { Tensor } from '../../tensor.ts';
import type { Feature } from '../feature.ts';
import { unsupported } from '../json.ts';
import { activated, pad, reduce, reshape } from '../pointwise.ts';
import { convolution, depthwise, pool, transposedConvolution } from '../windows.ts';
import {
  first,
  type Layer,
  type LayerWriter,
  type LayerWriters,
  margins,
  optional,
  paddingOf,
  perAxis,
  requireChannelsLast,
} from './layer.ts';

const bias = (layer: Layer): Tensor | undefined => optional(layer, 'bias', layer.config.use_bias);

const windowOptions = (layer: Layer, axes: number) => {
  requireChannelsLast(layer);
  return {
    strides: perAxis(layer, 'strides', axes, 1),
    dilations: perAxis(layer, 'dilation_rate', axes, 1),
    padding: paddingOf(layer),
  };
};

const conv =
  (axes: number): LayerWriter =>
  (layer) => {
    const options = { ...windowOptions(layer, axes), kernelName: `${layer.name}/kernel` };
    return activated(layer.w, layer.name, layer.config.activation, (name) =>
      convolution(layer.w, first(layer), layer.weight('kernel'), bias(layer), { ...options, name }),
    );
  };

const depthwiseConv: LayerWriter = (layer) => {
  const options = { ...windowOptions(layer, 2), kernelName: `${layer.name}/depthwise_kernel` };
  return activated(layer.w, layer.name, layer.config.activation, (name) =>
    depthwise(layer.w, first(layer), layer.weight('depthwise_kernel'), bias(layer), { ...options, name }),
  );
};

/** A depthwise convolution and one of single points. */
const separableConv: LayerWriter = (layer) => {
  const { w, name } = layer;
  const spread = depthwise(w, first(layer), layer.weight('depthwise_kernel'), undefined, {
    ...windowOptions(layer, 2),
    name: `${name}/depthwise`,
    kernelName: `${name}/depthwise_kernel`,
  });
  return activated(w, name, layer.config.activation, (last) =>
    convolution(w, spread, layer.weight('pointwise_kernel'), bias(layer), {
      name: last,
      kernelName: `${name}/pointwise_kernel`,
      strides: [1, 1],
      padding: 'valid',
    }),
  );
};

const convTranspose: LayerWriter = (layer) => {
  const { dilations, ...options } = windowOptions(layer, 2);
  if (dilations.some((d) => d !== 1)) unsupported('a dilated transposed convolution');
  if (layer.config.output_padding !== undefined && layer.config.output_padding !== null) unsupported('output_padding');
  return activated(layer.w, layer.name, layer.config.activation, (name) =>
    transposedConvolution(layer.w, first(layer), layer.weight('kernel'), bias(layer), {
      ...options,
      name,
      kernelName: `${layer.name}/kernel`,
    }),
  );
};

const pooling =
  (op: 'MaxPool' | 'AveragePool', axes: number): LayerWriter =>
  (layer) => {
    requireChannelsLast(layer);
    const kernel = perAxis(layer, 'pool_size', axes, 2);
    const strides = layer.config.strides ? perAxis(layer, 'strides', axes, 1) : kernel;
    return pool(layer.w, first(layer), op, kernel, { name: layer.name, strides, padding: paddingOf(layer) });
  };

const globalPooling =
  (op: 'ReduceMax' | 'ReduceMean'): LayerWriter =>
  (layer) => {
    requireChannelsLast(layer);
    const x = first(layer);
    const axes = Array.from({ length: x.dims.length - 2 }, (_, i) => i + 1);
    return reduce(layer.w, op, x, axes, layer.config.keepdims === true, { name: layer.name });
  };

const edges =
  (key: 'padding' | 'cropping', axes: number): LayerWriter =>
  (layer) => {
    requireChannelsLast(layer);
    const { before, after } = margins(layer, key, axes);
    const sign = key === 'padding' ? 1 : -1;
    const around = (list: readonly number[]) => [0, ...list.map((n) => sign * n), 0];
    return pad(layer.w, first(layer), around(before), around(after), { name: layer.name });
  };

/** As TensorFlow.js runs it: bilinear positions are not those of pixel centres. */
const upSampling =
  (axes: number): LayerWriter =>
  (layer) => {
    requireChannelsLast(layer);
    const how = layer.config.interpolation ?? 'nearest';
    if (how !== 'nearest' && how !== 'bilinear') unsupported(`interpolation ${String(how)}`);
    const factors = perAxis(layer, 'size', axes, 2);
    const x: Feature = first(layer);
    const scales = { dtype: 'float32', shape: [axes + 2], data: Float32Array.of(1, 1, ...factors) } as const;
    const attributes = {
      mode: how === 'nearest' ? 'nearest' : 'linear',
      coordinate_transformation_mode: 'asymmetric',
      ...(how === 'nearest' ? { nearest_mode: 'floor' } : {}),
    };
    const dims = x.dims.map((n, d) => (n === undefined || d === 0 || d > axes ? n : n * factors[d - 1]!));
    const { w } = layer;
    return w.op('Resize', [w.second(x), '', w.b.initializer(scales)], attributes, {
      name: layer.name,
      dims,
      form: 'second',
    });
  };

/** [n, …, c] → [n, everything], in TensorFlow's order. */
export const flatten: LayerWriter = (layer) => {
  const x = first(layer);
  const inner = x.dims.slice(1);
  const size = inner.includes(undefined) ? undefined : inner.reduce((a, b) => a! * b!, 1);
  return reshape(layer.w, x, [0, -1], [x.dims[0], size], { name: layer.name });
};

export const windowLayers: LayerWriters = {
  Conv1D: conv(1),
  Conv2D: conv(2),
  DepthwiseConv2D: depthwiseConv,
  SeparableConv2D: separableConv,
  Conv2DTranspose: convTranspose,
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  GlobalMaxPooling1D: globalPooling('ReduceMax'),
  GlobalMaxPooling2D: globalPooling('ReduceMax'),
  GlobalAveragePooling1D: globalPooling('ReduceMean'),
  GlobalAveragePooling2D: globalPooling('ReduceMean'),
  ZeroPadding1D: edges('padding', 1),
  ZeroPadding2D: edges('padding', 2),
  Cropping1D: edges('cropping', 1),
  Cropping2D: edges('cropping', 2),
  UpSampling1D: upSampling(1),
  UpSampling2D: upSampling(2),
  Flatten: flatten,
};

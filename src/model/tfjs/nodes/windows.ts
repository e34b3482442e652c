import { scalar, type Tensor } from '../../tensor.ts';
import type { Feature } from '../feature.ts';
import { unsupported } from '../json.ts';
import { activation, broadcasting, channelsSecond, resize, unary } from '../pointwise.ts';
import { convolution, depthwise, pool, transposedConvolution } from '../windows.ts';
import {
  boolAttribute,
  constantAt,
  type DefNode,
  floatAttribute,
  input,
  integersAt,
  type NodeWriter,
  type NodeWriters,
  paddingOf,
  requireChannelsLast,
  spatial,
  textsAttribute,
} from './node.ts';

/** `fused_ops` name what follows: a bias, then an activation. Further inputs belong to them in this order. */
export function fused(node: DefNode, write: (name: string, bias: Tensor | undefined) => Feature): Feature {
  const ops = [...textsAttribute(node, 'fused_ops')];
  let next = 2;
  const bias = ops[0] === 'BiasAdd' ? constantAt(node, next++) : undefined;
  if (bias) ops.shift();
  const [op, ...more] = ops;
  if (more.length > 0) unsupported(`what is fused: ${ops.join(', ')}`);
  if (op === undefined) return write(node.name, bias);
  const x = write(`${node.name}/linear`, bias);
  if (op === 'Prelu') return prelu(node, x, constantAt(node, next));
  if (op === 'LeakyRelu') {
    return unary(node.w, op, x, node, { alpha: { float: floatAttribute(node, 'leakyrelu_alpha', 0.2) } });
  }
  return activation(node.w, op, x, node);
}

export function prelu({ w, name }: DefNode, x: Feature, alpha: Tensor): Feature {
  const rank = x.dims.length;
  const form = rank >= 3 ? w.formOf([x]) : 'last';
  const slope = form === 'second' ? channelsSecond(alpha, rank) : alpha;
  return w.op('PRelu', [w.in(x, form), w.b.initializer(slope)], {}, { name, dims: x.dims, form });
}

const options = (node: DefNode) => {
  requireChannelsLast(node);
  return {
    strides: spatial(node, 'strides'),
    dilations: spatial(node, 'dilations'),
    padding: paddingOf(node),
    kernelName: `${node.name}/kernel`,
  };
};

const conv: NodeWriter = (node) =>
  fused(node, (name, bias) =>
    convolution(node.w, input(node, 0), constantAt(node, 1), bias, { ...options(node), name }),
  );

const depthwiseConv: NodeWriter = (node) =>
  fused(node, (name, bias) => depthwise(node.w, input(node, 0), constantAt(node, 1), bias, { ...options(node), name }));

/** Inputs: the shape of the result, kernel, x. */
const convTranspose: NodeWriter = (node) => {
  const { dilations, ...rest } = options(node);
  if (dilations.some((d) => d !== 1)) unsupported('a dilated transposed convolution');
  const output = input(node, 0).constant ? integersAt(node, 0).slice(1, 3) : undefined;
  return transposedConvolution(node.w, input(node, 2), constantAt(node, 1), undefined, {
    ...rest,
    name: node.name,
    ...(output && { output }),
  });
};

const pooling =
  (op: 'MaxPool' | 'AveragePool'): NodeWriter =>
  (node) => {
    requireChannelsLast(node);
    const kernel = spatial(node, 'ksize');
    return pool(node.w, input(node, 0), op, kernel, {
      name: node.name,
      strides: spatial(node, 'strides'),
      padding: paddingOf(node),
    });
  };

const biasAdd: NodeWriter = (node) => {
  requireChannelsLast(node);
  return broadcasting(node.w, 'Add', [input(node, 0), input(node, 1)], node);
};

/** Inputs: x, scale, offset, mean, variance. */
const batchNorm: NodeWriter = (node) => {
  requireChannelsLast(node);
  if (boolAttribute(node, 'is_training')) unsupported('batch normalisation in training mode');
  const { w, name } = node;
  const x = input(node, 0);
  const weights = [1, 2, 3, 4].map((i) => w.b.initializer(constantAt(node, i), w.b.fresh(`${name}/${i}`)));
  const attributes = { epsilon: { float: floatAttribute(node, 'epsilon', 1e-3) } };
  return w.op('BatchNormalization', [w.second(x), ...weights], attributes, { name, dims: x.dims, form: 'second' });
};

const resizing =
  (mode: 'nearest' | 'linear'): NodeWriter =>
  (node) => {
    const to = integersAt(node, 1);
    const [aligned, centred] = [boolAttribute(node, 'align_corners'), boolAttribute(node, 'half_pixel_centers')];
    if (mode === 'nearest') {
      // Positions of centres are rounded down too: floor((o + ½) / scale) is the nearest one of half_pixel, ties upwards.
      const how = aligned
        ? { coordinates: 'align_corners', nearest: 'round_prefer_ceil' }
        : centred
          ? { coordinates: 'half_pixel', nearest: 'round_prefer_ceil' }
          : { coordinates: 'asymmetric', nearest: 'floor' };
      return resize(node.w, input(node, 0), to, { mode, ...how }, node);
    }
    const coordinates = aligned ? 'align_corners' : centred ? 'half_pixel' : 'asymmetric';
    return resize(node.w, input(node, 0), to, { mode, coordinates }, node);
  };

const leaky: NodeWriter = (node) =>
  unary(node.w, 'LeakyRelu', input(node, 0), node, { alpha: { float: floatAttribute(node, 'alpha', 0.2) } });

const rsqrt: NodeWriter = (node) => {
  const root = unary(node.w, 'Sqrt', input(node, 0), { name: `${node.name}/root` });
  return broadcasting(node.w, 'Div', [node.w.constant(scalar(1)), root], node);
};

export const windowNodes: NodeWriters = {
  Conv2D: conv,
  _FusedConv2D: conv,
  DepthwiseConv2dNative: depthwiseConv,
  DepthwiseConv2d: depthwiseConv,
  FusedDepthwiseConv2dNative: depthwiseConv,
  Conv2DBackpropInput: convTranspose,
  MaxPool: pooling('MaxPool'),
  AvgPool: pooling('AveragePool'),
  BiasAdd: biasAdd,
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  ResizeBilinear: resizing('linear'),
  ResizeNearestNeighbor: resizing('nearest'),
  LeakyRelu: leaky,
  Prelu: (node) => prelu(node, input(node, 0), constantAt(node, 1)),
  Rsqrt: rsqrt,
};

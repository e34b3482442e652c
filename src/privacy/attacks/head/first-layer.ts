/** A layer that reads a window of pixels, as a head: with weights that were solved for. */

import type { Preprocessing } from '../../../data/index.ts';
import { float32, type Graph, GraphBuilder, int64 } from '../../../model/index.ts';
import { type ActivationShape, layoutOf } from '../../../training/index.ts';
import { padsOf, planesOf, type Window } from './window.ts';

export interface LayerWeights {
  /** [outputs, unknowns − 1] */
  readonly weight: Float32Array;
  /** [outputs] */
  readonly bias: Float32Array;
}

/** What is not passed on: values below and above. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** @returns batch symbolic; the output bears the tensor's name */
export function firstLayer(
  { name, shape }: ActivationShape,
  window: Window,
  { weight, bias }: LayerWeights,
  picture: Preprocessing,
  range?: Range,
): Graph {
  const b = new GraphBuilder(17);
  const planes = planesOf(b, 'own:picture', picture);
  const outputs = bias.length;
  const ints = (dims: readonly number[]) => b.initializer(int64(dims, [dims.length]));
  const biases = b.initializer(float32(bias, [outputs]), 'own.bias');
  const layout = layoutOf(shape, picture);
  const weights = (dims: readonly number[]) => b.initializer(float32(weight, [outputs, ...dims]), 'own.weight');
  let x: string;
  if (window.kind === 'picture' || layout.kind === 'flat') {
    const list = b.op('Reshape', [planes, ints([0, -1])]);
    x = b.op('Gemm', [list, weights([weight.length / outputs]), biases], { transB: 1 });
  } else {
    const { kernel, stride } = window;
    const { height, width, order } = layout;
    const attributes = { kernel_shape: [kernel, kernel], strides: [stride, stride] };
    const pads = padsOf(window, layout, picture);
    const wide = b.op('Conv', [planes, weights([picture.channels, kernel, kernel]), biases], { ...attributes, pads });
    // Windows would fit at the end for which the map has no place.
    x = b.op('Slice', [wide, ints([0, 0]), ints([height, width]), ints([2, 3])]);
    if (order !== 'NCHW') x = b.op('Transpose', [x], { perm: [0, 2, 3, 1] });
  }
  if (range) x = b.op('Clip', [x, b.constant(range.low), ...(range.high < Infinity ? [b.constant(range.high)] : [])]);
  b.op('Reshape', [x, ints([0, ...shape])], {}, name);
  b.output(name, 'float32', ['batch', ...shape]);
  return b.build('own head');
}

/** One small function for each ONNX operator, written with TensorFlow.js operators that every backend has. */
import type { Operator, Operators } from '../call.ts';
import { input } from '../call.ts';
import { activations } from './activation.ts';
import { casts } from './cast.ts';
import { convolutions } from './convolution.ts';
import { einsums } from './einsum.ts';
import { elementwise } from './elementwise.ts';
import { gathers } from './gather.ts';
import { normalizations } from './normalization.ts';
import { pooling } from './pooling.ts';
import { products } from './products.ts';
import { quantization } from './quantize.ts';
import { rearrangements } from './rearrange.ts';
import { reductions } from './reduce.ts';
import { resizing } from './resize.ts';
import { shapes } from './shape.ts';

const choose: Operator = (call) => {
  const branch = call.node.attributes[input(call, 0).numbers()[0] ? 'then_branch' : 'else_branch'];
  if (branch?.type !== 'graph') throw new Error('a branch is missing');
  return call.body(branch.value);
};

export const operators: Operators = {
  ...activations,
  ...casts,
  ...convolutions,
  ...einsums,
  ...elementwise,
  ...gathers,
  ...normalizations,
  ...pooling,
  ...products,
  ...quantization,
  ...rearrangements,
  ...reductions,
  ...resizing,
  ...shapes,
  If: choose,
};

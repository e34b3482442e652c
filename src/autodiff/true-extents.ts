/**
 * onnxruntime reckons some extents twice, and what it infers when it loads a graph is not always what it makes when it runs
 * (see model/extents.ts). A forward pass survives that; a gradient, in which the tensor meets cotangents of its true shape, is
 * refused. A Reshape to the shape it has anyway costs nothing and tells the truth.
 */
import { attrInt, attrInts, attrString, type Node } from '../model/graph.ts';
import { asNumbers, type Tensor } from '../model/tensor.ts';
import type { Term } from './expressions.ts';

/** Whether the runtime may infer other extents than those of `to` for what a node makes of `from`. */
export function isInferredOtherwise(
  node: Node,
  from: readonly number[],
  to: readonly number[],
  constants: ReadonlyMap<Term, Tensor>,
): boolean {
  switch (node.op) {
    case 'Resize': {
      const scales = constants.get(node.inputs[2] ?? '');
      if (attrString(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') return true;
      // Where the product in double and in single precision end alike, so does every formula.
      if (scales && scales.data.length === from.length) {
        return asNumbers(scales).some((s, i) => Math.floor(from[i]! * s) !== to[i]);
      }
      return scales !== undefined && scales.data.length > 0;
    }
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
      return isPooledOtherwise(node, from);
    case 'ConvTranspose':
      return (
        node.attributes.output_shape !== undefined ||
        (attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME') &&
          (attrInts(node, 'output_padding') ?? []).some((n) => n > 0))
      );
    default:
      return false;
  }
}

/** Formulas differ in where the last window may begin: not where windows fill the axis exactly, nor in plain padding. */
function isPooledOtherwise(node: Node, from: readonly number[]): boolean {
  const kernel = attrInts(node, 'kernel_shape') ?? [];
  const ones = kernel.map(() => 1);
  const [strides, dilations] = [attrInts(node, 'strides') ?? ones, attrInts(node, 'dilations') ?? ones];
  const pads = attrInts(node, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  const ceil = attrInt(node, 'ceil_mode', 0) === 1;
  if (attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME')) return ceil || dilations.some((d) => d > 1);
  const free = kernel.map((k, i) => from[i + 2]! + pads[i]! + pads[i + kernel.length]! - (dilations[i]! * (k - 1) + 1));
  return ceil && free.some((n, i) => n % strides[i]! !== 0);
}

/** Operators of which the runtime infers other extents than it computes. */
import { attrInt, attrString, type Graph, type Node } from '../graph.ts';
import { bodies } from '../reads.ts';
import { asNumbers, type Tensor } from '../tensor.ts';

/**
 * Seen with onnxruntime 1.30 over random sizes and attributes: Resize and Upsample by fractions (6 · 5/3 inferred as 9, run as
 * 10) and with an aspect ratio to keep, pooling with `ceil_mode` (a last window in the padding counted or not) or that pads by itself,
 * Range, ConvTranspose that pads by itself. Of operators outside the standard nothing is known.
 * @param weights by name
 */
export function mayBeInferredWrongly(node: Node, weights: ReadonlyMap<string, Tensor>): boolean {
  if (node.domain !== '') return node.domain !== 'ai.onnx.ml';
  switch (node.op) {
    case 'Resize':
      return node.inputs[3]
        ? attrString(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch'
        : !isWhole(weights.get(node.inputs[node.inputs.length > 2 ? 2 : 1] ?? ''));
    case 'Upsample':
      return !isWhole(weights.get(node.inputs[1] ?? ''));
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
      return attrInt(node, 'ceil_mode', 0) === 1 || attrString(node, 'auto_pad', 'NOTSET').startsWith('SAME');
    case 'Range':
      return true;
    case 'ConvTranspose':
      return attrString(node, 'auto_pad', 'NOTSET') !== 'NOTSET' || node.attributes.output_shape !== undefined;
    default:
      return bodies(node).some((body) => body.nodes.some((n) => mayBeInferredWrongly(n, weightsOf(body, weights))));
  }
}

const isWhole = (scales: Tensor | undefined): boolean =>
  scales?.dtype === 'float32' && asNumbers(scales).every(Number.isInteger);

/** Initializers and Constant nodes, with those around them. */
export function weightsOf(graph: Graph, outer: ReadonlyMap<string, Tensor> = new Map()): ReadonlyMap<string, Tensor> {
  const constants = graph.nodes.flatMap((n): [string, Tensor][] => {
    const value = n.op === 'Constant' ? n.attributes.value : undefined;
    return value?.type === 'tensor' ? [[n.outputs[0]!, value.value]] : [];
  });
  return new Map([...outer, ...graph.initializers, ...constants]);
}

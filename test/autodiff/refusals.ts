/** Cases that a rule may refuse, each with the reason. Anything else must be differentiated. */
import { attrString } from '../../src/model/graph.ts';
import type { Case } from '../support/cases/index.ts';

export function refusals({ graph, feeds }: Case): string | undefined {
  for (const node of graph.nodes) {
    const fed = (i: number): boolean => (node.inputs[i] ?? '') in feeds;
    if ((node.op === 'Conv' || node.op === 'ConvTranspose') && fed(1) && feeds[node.inputs[1]!]!.shape.length > 4) {
      return 'the weight gradient of a 3-D convolution needs a 4-D one, which onnxruntime does not have';
    }
    if (node.op === 'LayerNormalization' && node.outputs.length > 1) {
      return 'mean and inverse deviation as outputs have no rule';
    }
    if (node.op === 'Pad' && (attrString(node, 'mode', 'constant') !== 'constant' || node.inputs[3])) {
      return 'only constant padding of all axes has a rule';
    }
  }
  return undefined;
}

/** Cases that a rule may refuse, each with the reason. Anything else must be differentiated. */
import { attrString } from '../../src/model/graph.ts';
import type { Case } from '../support/cases/index.ts';

export function refusals({ graph }: Case): string | undefined {
  for (const node of graph.nodes) {
    if (node.op === 'LayerNormalization' && node.outputs.length > 1) {
      return 'mean and inverse deviation as outputs have no rule';
    }
    if (node.op === 'Pad' && (attrString(node, 'mode', 'constant') !== 'constant' || node.inputs[3])) {
      return 'only constant padding of all axes has a rule';
    }
  }
  return undefined;
}

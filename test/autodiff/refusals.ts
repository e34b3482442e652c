/** Cases that a rule may refuse, each with the reason. Anything else must be differentiated. */
import type { Case } from '../support/cases/index.ts';

export function refusals({ graph, reals }: Case): string | undefined {
  for (const node of graph.nodes) {
    if (node.op === 'CastLike' && node.inputs[1] === reals[0]) return 'what lends its type alone has no gradient';
    if (node.op === 'LayerNormalization' && node.outputs.length > 1) {
      return 'mean and inverse deviation as outputs have no rule';
    }
  }
  return undefined;
}

/**
 * Rounding that a descent passes as if it were not there (Bengio et al. 2013). It is said of single nodes, by their names, so that
 * graphs stay plain ONNX: the gradient of what somebody else wrote stays what it is.
 */
import { type Node, nodeLabel } from '../model/graph.ts';
import { type Rule, rule } from './rule.ts';

const mark = 'straight through ';

/** The same node, through which cotangents pass. */
export const straightThrough = (node: Node): Node => ({ ...node, name: `${mark}${nodeLabel(node)}` });

/** Also where the graph has become a part of another. */
export const isStraight = (node: Node): boolean => rounding.has(node.op) && node.name.includes(mark);

/** Of a sign the slope of x/(1 + |x|), which is nowhere zero: far from the jump it matters less. */
const sign = rule('Sign', ({ g, x, dy }) => [() => g.div(dy, g.square(g.add(g.graph.op('Abs', [x[0]!]), 1)))]);
const rounding: ReadonlyMap<string, Rule> = new Map([
  ...['Round', 'Floor', 'Ceil'].map((op) => [op, rule(op, ({ dy }) => [() => dy])] as const),
  ['Sign', sign],
]);

/** @param node that is straight */
export const straightRule = (node: Node): Rule => rounding.get(node.op)!;

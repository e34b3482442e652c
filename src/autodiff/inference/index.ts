/**
 * Types and shapes of what the rules write, without an engine: so much that a rule which mixes types or misses a shape is
 * found while the graph is written, under its own name. No general inference: the engine's is asked besides.
 */
import type { Node } from '../../model/graph.ts';
import type { Call, Inferences, Kind } from './kind.ts';
import { layout } from './layout.ts';
import { pointwise } from './pointwise.ts';
import { products } from './products.ts';

export { type Kind, Misfit, type Operand, written } from './kind.ts';

const inferences: Inferences = { ...pointwise, ...layout, ...products };

/** Whether `infer` knows the operator. */
export const isInferred = (op: string): boolean => Object.hasOwn(inferences, op);

/**
 * @param x undefined where an optional input is left out
 * @returns kind of the first output; undefined for operators that it does not know, and shapes that hang on data
 * @throws Misfit where the operator cannot take its inputs
 */
export function infer(node: Node, x: Call['x']): Kind | undefined {
  return node.domain === '' && isInferred(node.op) ? inferences[node.op]!({ node, x }) : undefined;
}

/** Functions whose gradient exists and is zero. */
import { CutlineError } from '../errors.ts';
import { attrInt, type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import type { Term } from './expressions.ts';
import { piecewiseConstant } from './rule.ts';

/** What rounds or ranks real values: wherever it stands, the gradient is silent about what went through it. */
const rounding = new Set(['Floor', 'Ceil', 'Round', 'Sign', 'ArgMax', 'ArgMin', 'Hardmax', 'NonZero']);

const rounds = (node: Node): boolean =>
  rounding.has(node.op) || (node.op === 'Cast' && ![1, 10, 11, 16].includes(attrInt(node, 'to', 1)));

/**
 * An attack that follows a gradient that is zero stands still, and standing still must not pass for safety. Refuses a graph
 * that rounds what depends on the input, and one with an output that depends on it only through comparisons.
 * QuantizeLinear is neither: its gradient goes straight through.
 * @throws CutlineError NO_GRADIENT_RULE naming the node where the gradient ends
 */
export function requireSlope(graph: Graph, input: Term): void {
  const sloping = new Set([input]);
  /** Tensors that the input reaches only through the node they are mapped to. */
  const flat = new Map<Term, Node>();
  for (const node of graph.nodes) {
    if (node.op === 'Shape' || node.op === 'Size') continue;
    const names = reads(node);
    const slopes = names.some((x) => sloping.has(x));
    if (slopes && rounds(node)) throw endsAt(node);
    const cause = slopes && piecewiseConstant.has(node.op) ? node : names.flatMap((x) => flat.get(x) ?? [])[0];
    for (const y of node.outputs) {
      if (slopes && cause !== node) sloping.add(y);
      else if (cause) flat.set(y, cause);
    }
  }
  for (const { name } of graph.outputs) {
    const cause = flat.get(name);
    if (cause) throw endsAt(cause);
  }
}

const endsAt = (node: Node): CutlineError =>
  new CutlineError('NO_GRADIENT_RULE', { node: nodeLabel(node), op: node.op });

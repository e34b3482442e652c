/** Functions whose gradient exists and is zero. */
import { CutlineError } from '../errors.ts';
import { type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import { type DType, isFloat } from '../model/tensor.ts';
import { allValues } from '../model/values.ts';
import type { Term } from './expressions.ts';
import { originOf } from './purpose.ts';
import { carriesCotangent, piecewiseConstant } from './rule.ts';
import { isStraight } from './straight.ts';

/** What rounds or ranks real values: wherever it stands, the gradient is silent about what went through it. */
const rounding = new Set(['Floor', 'Ceil', 'Round', 'Sign', 'ArgMax', 'ArgMin', 'Hardmax', 'NonZero']);

/**
 * Integers that stand for themselves were rounded, whatever the operator. A Sign that a gradient rule wrote tells the branches
 * of a kink apart; what is passed straight through has been told to have a slope.
 */
const rounds = (node: Node, made: DType | undefined): boolean =>
  rounding.has(node.op)
    ? originOf(node).op === node.op && !isStraight(node)
    : made !== undefined && !carriesCotangent(node, made) && !piecewiseConstant.has(node.op);

/**
 * An attack that follows a gradient that is zero stands still, and standing still must not pass for safety. Refuses a graph
 * that rounds what depends on the inputs, one with an output that depends on them only through comparisons or is no real
 * number, and one of which no output depends on them.
 * @param graph types known
 * @param inputs with respect to which it is differentiated
 * @throws CutlineError NO_GRADIENT_RULE naming the node where the gradient ends
 */
export function requireSlope(graph: Graph, inputs: readonly Term[]): void {
  const values = allValues(graph);
  const dtypeOf = (name: Term) => (values.get(name)?.unknown === 'type' ? undefined : values.get(name)?.dtype);
  const sloping = new Set(inputs);
  /** Tensors that the inputs reach only through the node they are mapped to. */
  const flat = new Map<Term, Node>();
  const producers = new Map<Term, Node>();
  for (const node of graph.nodes) {
    for (const y of node.outputs) producers.set(y, node);
    if (node.op === 'Shape' || node.op === 'Size') continue;
    // The second input of CastLike lends its type alone.
    const names = node.op === 'CastLike' ? node.inputs.slice(0, 1) : reads(node);
    const slopes = names.some((x) => sloping.has(x));
    if (slopes && rounds(node, dtypeOf(node.outputs[0]!))) throw endsAt(node);
    const inherited = names.flatMap((x) => flat.get(x) ?? [])[0];
    node.outputs.forEach((y, i) => {
      const dtype = dtypeOf(y);
      // The scale that is chosen for what is quantised counts as a constant.
      const chosen = node.op === 'DynamicQuantizeLinear' && i > 0;
      const carries = dtype === undefined || carriesCotangent(node, dtype);
      if (slopes && carries && !chosen && (!piecewiseConstant.has(node.op) || isStraight(node))) sloping.add(y);
      else if (slopes) flat.set(y, node);
      else if (inherited) flat.set(y, inherited);
    });
  }
  for (const { name, dtype } of graph.outputs) {
    const quantised = sloping.has(name) && !isFloat(dtype) ? producers.get(name) : undefined;
    const cause = flat.get(name) ?? quantised;
    if (cause) throw endsAt(cause);
  }
  const first = graph.outputs[0] && producers.get(graph.outputs[0].name);
  if (first && !graph.outputs.some(({ name }) => sloping.has(name))) throw endsAt(first);
}

/** Whether `requireSlope` lets the graph pass. */
export function hasSlope(graph: Graph, inputs: readonly Term[]): boolean {
  try {
    requireSlope(graph, inputs);
    return true;
  } catch (error) {
    if (error instanceof CutlineError && error.code === 'NO_GRADIENT_RULE') return false;
    throw error;
  }
}

const endsAt = (node: Node): CutlineError =>
  new CutlineError('NO_GRADIENT_RULE', { node: nodeLabel(node), op: node.op });

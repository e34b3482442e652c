/** Reverse-mode differentiation of a graph into a graph. */
import { CutlineError } from '../errors.ts';
import { type Node, nodeLabel } from '../model/graph.ts';
import type { DType } from '../model/tensor.ts';
import { constantsOf } from './constants.ts';
import { diverging } from './diverging.ts';
import type { Term } from './expressions.ts';
import { type Forward, influenced, noRule, ruleOf } from './forward.ts';
import { type Kind, Misfit, written } from './inference/index.ts';
import { Kinds } from './kinds.ts';
import { Operands } from './operands.ts';
import { gradientOf } from './purpose.ts';
import type { RuleContext } from './rule.ts';

/**
 * Appends the backward pass. It computes in float32, whatever types the forward pass has.
 * @param seeds cotangents of tensors of the forward graph, each of its tensor's shape, in float32
 * @returns the gradient of Σ ⟨seed, tensor⟩ with respect to each tensor of `wrt`, in float32; zeros where nothing depends on it
 * @throws CutlineError NO_GRADIENT_RULE, GRADIENT_REFUSED where a rule wrote what cannot be computed
 */
export function backward(forward: Forward, seeds: ReadonlyMap<Term, Term>, wrt: readonly Term[]): Map<Term, Term> {
  const { g, nodes, dtypes, shapes, shape } = forward;
  const active = influenced(nodes, wrt, dtypes);
  const constants = constantsOf(forward.graph);
  for (const name of wrt) constants.delete(name);
  const operands = new Operands(g, dtypes, constants);
  const kinds = new Kinds(g.graph, (term) => kindIn(forward, term));
  let divergent: Set<Term> | undefined;
  const parts = new Map<Term, Term[]>();
  const give = (name: Term, cotangent: Term) => parts.set(name, [...(parts.get(name) ?? []), cotangent]);
  const take = (name: Term): Term | undefined => {
    const list = parts.get(name);
    return list && list.length > 1 ? g.graph.op('Sum', list) : list?.[0];
  };
  // What has no elements moves nothing.
  const isEmpty = (name: Term) => shapes.get(name)?.includes(0) === true;
  for (const [name, seed] of seeds) {
    const kind = kinds.of(seed);
    const wanted: Kind = { dtype: 'float32', shape: shape(name) };
    if (kind && written(kind) !== written(wanted)) throw new Error(`autodiff: the seed of ${name} is ${written(kind)}`);
    if (!isEmpty(name)) give(name, seed);
  }

  const pullBack = (node: Node): void => {
    const cotangents = node.outputs.map((y) => (active.has(y) ? take(y) : undefined));
    const first = cotangents.find((d) => d !== undefined);
    if (first === undefined) return;
    const rule = ruleOf(node);
    if (!rule.everyOutput && cotangents.some((d, i) => d !== undefined && i > 0)) throw noRule(node);
    const context: RuleContext = {
      node,
      x: operands.inputsOf(node),
      y: node.outputs.map((y) => operands.real(y)),
      dy: cotangents[0] ?? first,
      cotangents,
      g,
      shape: (term) => shape(operands.original(term)),
      dtype: (term) => dtypeOf(forward, operands, term),
      constant: (term) => operands.constant(term),
      canDiverge: (term) => (divergent ??= diverging(nodes, constants)).has(operands.original(term)),
    };
    const gradients = rule.gradients(context);
    node.inputs.forEach((x, i) => {
      if (!active.has(x) || isEmpty(x)) return;
      const gradient = gradients[i]?.();
      if (gradient === undefined) throw noRule(node);
      const found = kinds.of(gradient);
      const wanted: Kind = { dtype: 'float32', shape: shape(x) };
      if (found && written(found) !== written(wanted)) throw new Misfit(`${written(found)}, not ${written(wanted)}`);
      give(x, gradient);
    });
  };

  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((y) => active.has(y))) continue;
    try {
      g.graph.within(gradientOf(node), () => pullBack(node));
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      const details = { node: nodeLabel(node), op: node.op, problem: `the rule would write ${error.message}` };
      throw new CutlineError('GRADIENT_REFUSED', details, { cause: error });
    }
  }
  return new Map(wrt.map((name) => [name, take(name) ?? g.zeros(shape(name))]));
}

function kindIn({ dtypes, shapes }: Forward, name: Term): Kind | undefined {
  const [dtype, shape] = [dtypes.get(name), shapes.get(name)];
  return dtype && shape && { dtype, shape };
}

function dtypeOf({ dtypes }: Forward, operands: Operands, term: Term): DType {
  if (operands.original(term) !== term) return 'float32';
  const found = dtypes.get(term);
  if (!found) throw new CutlineError('SHAPE_UNKNOWN', { tensor: term });
  return found;
}

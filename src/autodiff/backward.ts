/** Reverse-mode differentiation of a graph into a graph. */
import { CutlineError } from '../errors.ts';
import { GraphBuilder } from '../model/builder.ts';
import { type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import { type DType, sizeOf } from '../model/tensor.ts';
import { constantsOf } from './constants.ts';
import { diverging } from './diverging.ts';
import { Expressions, type Term } from './expressions.ts';
import { type Kind, Misfit, written } from './inference/index.ts';
import { Kinds } from './kinds.ts';
import { Operands } from './operands.ts';
import { gradientOf } from './purpose.ts';
import { carriesCotangent, piecewiseConstant, type Rule, type RuleContext } from './rule.ts';
import { rules } from './rules/index.ts';
import { isInferredOtherwise } from './true-extents.ts';

/** A forward pass that has been written into a graph, ready to be extended by losses and by `backward`. */
export interface Forward {
  readonly g: Expressions;
  readonly graph: Graph;
  /** Tensors with respect to which `backward` may be asked for gradients. */
  readonly wrt: ReadonlySet<Term>;
  readonly nodes: readonly Node[];
  /** Of its tensors, as far as known. */
  readonly dtypes: ReadonlyMap<Term, DType>;
  readonly shapes: ReadonlyMap<Term, readonly number[]>;
  /** @throws CutlineError SHAPE_UNKNOWN */
  shape(name: Term): readonly number[];
}

/**
 * Writes the nodes of `graph` into a new builder; inputs and initializers come along, outputs do not.
 * @param graph every tensor's shape is static and known (`inferShapes`), opset 16 or newer (`raiseOpset`)
 * @param wrt inputs or initializers to differentiate with respect to
 * @throws CutlineError NO_GRADIENT_RULE for the first node on the way that has no rule
 */
export function writeForward(graph: Graph, wrt: readonly Term[]): Forward {
  const builder = new GraphBuilder(graph.opsets);
  for (const v of graph.inputs) builder.input(v.name, v.dtype, v.shape);
  for (const [name, tensor] of graph.initializers) builder.initializer(tensor, name);
  for (const node of graph.nodes) for (const output of node.outputs) if (output) builder.reserve(output);
  const dtypes = new Map<Term, DType>();
  const shapes = new Map<Term, readonly number[]>();
  for (const { name, dtype, shape, unknown } of [...graph.values.values(), ...graph.outputs, ...graph.inputs]) {
    if (unknown !== 'type') dtypes.set(name, dtype);
    if (!unknown && shape.every((d) => typeof d === 'number')) shapes.set(name, shape);
  }
  const constants = constantsOf(graph);
  for (const [name, tensor] of constants) {
    dtypes.set(name, tensor.dtype);
    shapes.set(name, tensor.shape);
  }
  const active = influenced(graph.nodes, wrt, dtypes);
  const nodes = graph.nodes.map((node) => {
    const rule = touches(node, active) ? ruleOf(node) : undefined;
    const prepared = rule?.prepare?.(node, (hint) => builder.fresh(hint)) ?? node;
    const [from, to] = [prepared.inputs[0]!, prepared.outputs[0]!].map((name) => shapes.get(name));
    if (from && to && isInferredOtherwise(node, from, to, constants)) writeReshaped(builder, prepared, to);
    else builder.node(prepared);
    // What rules ask for besides are indices, one for each element of the result.
    const [y, ...others] = prepared.outputs as [Term, ...Term[]];
    for (const added of others.filter((name) => !node.outputs.includes(name))) {
      dtypes.set(added, 'int64');
      if (shapes.has(y)) shapes.set(added, shapes.get(y)!);
    }
    return prepared;
  });
  const shape = (name: Term): readonly number[] => {
    const found = shapes.get(name);
    if (!found) throw new CutlineError('SHAPE_UNKNOWN', { tensor: name });
    return found;
  };
  return { g: new Expressions(builder), graph, wrt: new Set(wrt), nodes, dtypes, shapes, shape };
}

/** A node whose outputs have another shape than the runtime infers. */
function writeReshaped(builder: GraphBuilder, node: Node, shape: readonly number[]): void {
  const raw = node.outputs.map((y) => (y === '' ? '' : builder.fresh(`${y}_raw`)));
  builder.node({ ...node, outputs: raw });
  const extents = builder.constant(shape, 'int64');
  node.outputs.forEach((y, i) => {
    if (y !== '') builder.op('Reshape', [raw[i]!, extents], {}, y);
  });
}

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
  return new Map(wrt.map((name) => [name, take(name) ?? zeros(g, shape(name))]));
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

const touches = (node: Node, tensors: ReadonlySet<Term>): boolean =>
  !piecewiseConstant.has(node.op) && reads(node).some((x) => tensors.has(x));

/**
 * Tensors of real numbers, quantised ones included, that change when a tensor of `wrt` changes a little; bodies of If, Loop
 * and Scan count as reading.
 */
function influenced(nodes: readonly Node[], wrt: readonly Term[], dtypes: ReadonlyMap<Term, DType>): Set<Term> {
  const tensors = new Set(wrt);
  for (const node of nodes) {
    if (!touches(node, tensors)) continue;
    for (const y of node.outputs) {
      const dtype = dtypes.get(y);
      if (dtype && carriesCotangent(node, dtype)) tensors.add(y);
    }
  }
  return tensors;
}

function ruleOf(node: Node): Rule {
  const rule = node.domain === '' || node.domain === 'ai.onnx' ? rules.get(node.op) : undefined;
  if (!rule) throw noRule(node);
  return rule;
}

function noRule(node: Node): CutlineError {
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  return new CutlineError('NO_GRADIENT_RULE', { node: nodeLabel(node), op });
}

function zeros(g: Expressions, shape: readonly number[]): Term {
  return sizeOf(shape) === 0
    ? g.tensor({ dtype: 'float32', shape, data: new Float32Array() })
    : g.expand(g.value(0), shape);
}

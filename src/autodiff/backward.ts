/** Reverse-mode differentiation of a graph into a graph. */
import { CutlineError } from '../errors.ts';
import { GraphBuilder } from '../model/builder.ts';
import { type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import type { DType, Tensor } from '../model/tensor.ts';
import { diverging } from './diverging.ts';
import { Expressions, type Term } from './expressions.ts';
import { piecewiseConstant, type Rule, type RuleContext } from './rule.ts';
import { rules } from './rules/index.ts';

/** A forward pass that has been written into a graph, ready to be extended by losses and by `backward`. */
export interface Forward {
  readonly g: Expressions;
  readonly graph: Graph;
  /** Tensors with respect to which `backward` may be asked for gradients. */
  readonly wrt: ReadonlySet<Term>;
  readonly nodes: readonly Node[];
  readonly dtypes: ReadonlyMap<Term, DType>;
  shape(name: Term): readonly number[];
  dtype(name: Term): DType;
}

/** What QuantizeLinear makes. Such a tensor stands for real numbers, and carries their cotangent through the graph. */
const quantized: ReadonlySet<DType> = new Set(['int8', 'uint8', 'int16', 'uint16']);

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
  const infos = [...graph.values.values(), ...graph.outputs, ...graph.inputs];
  const dtypes = new Map(infos.map((v) => [v.name, v.dtype]));
  for (const [name, tensor] of graph.initializers) dtypes.set(name, tensor.dtype);
  const dtype = (name: Term): DType => {
    const found = dtypes.get(name);
    if (!found) throw new Error(`autodiff: the type of ${name} is not known`);
    return found;
  };
  const active = influenced(graph.nodes, wrt, dtypes);
  const nodes = graph.nodes.map((node) => {
    const rule = touches(node, active) ? ruleOf(node) : undefined;
    const prepared = rule?.prepare?.(node, (hint) => builder.fresh(hint)) ?? node;
    builder.node(prepared);
    return prepared;
  });
  const shapes = new Map<string, readonly number[]>();
  for (const v of infos) {
    if (v.shape.every((d) => typeof d === 'number')) shapes.set(v.name, v.shape);
  }
  for (const [name, tensor] of graph.initializers) shapes.set(name, tensor.shape);
  const shape = (name: Term): readonly number[] => {
    const s = shapes.get(name);
    if (!s) throw new Error(`autodiff: the shape of ${name} is not known`);
    return s;
  };
  return { g: new Expressions(builder), graph, wrt: new Set(wrt), nodes, dtypes, shape, dtype };
}

/**
 * Appends the backward pass.
 * @param seeds cotangents of tensors of the forward graph, each of its tensor's shape
 * @returns the gradient of Σ ⟨seed, tensor⟩ with respect to each tensor of `wrt`; zeros where nothing depends on it
 */
export function backward(forward: Forward, seeds: ReadonlyMap<Term, Term>, wrt: readonly Term[]): Map<Term, Term> {
  const { g, nodes, shape, dtype } = forward;
  const wanted = new Set<Term>(wrt);
  const active = influenced(nodes, wrt, forward.dtypes);
  const constants = constantsOf(forward.graph, wanted);
  let divergent: Set<Term> | undefined;
  const parts = new Map<Term, Term[]>();
  const give = (name: Term, cotangent: Term) => parts.set(name, [...(parts.get(name) ?? []), cotangent]);
  const take = (name: Term): Term | undefined => {
    const list = parts.get(name);
    return list && list.length > 1 ? g.graph.op('Sum', list) : list?.[0];
  };
  for (const [name, seed] of seeds) give(name, seed);

  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((y) => active.has(y))) continue;
    const cotangents = node.outputs.map((y) => (active.has(y) ? take(y) : undefined));
    const first = cotangents.find((d) => d !== undefined);
    if (first === undefined) continue;
    const rule = ruleOf(node);
    if (!rule.everyOutput && cotangents.some((d, i) => d !== undefined && i > 0)) throw noRule(node);
    const context: RuleContext = {
      node,
      x: node.inputs,
      y: node.outputs,
      dy: cotangents[0] ?? first,
      cotangents,
      g,
      shape,
      dtype,
      constant: (name) => constants.get(name),
      canDiverge: (name) => (divergent ??= diverging(nodes, constants)).has(name),
    };
    const gradients = rule.gradients(context);
    node.inputs.forEach((x, i) => {
      if (!active.has(x)) return;
      const gradient = gradients[i];
      if (!gradient) throw noRule(node);
      give(x, gradient());
    });
  }
  return new Map(wrt.map((name) => [name, take(name) ?? zeros(g, shape(name))]));
}

const touches = (node: Node, tensors: ReadonlySet<Term>): boolean =>
  !piecewiseConstant.has(node.op) && reads(node).some((x) => tensors.has(x));

/**
 * Tensors of real numbers, quantised ones included, that change when a tensor of `wrt` changes a little; bodies of If, Loop
 * and Scan count as reading. A cast to small integers is no quantisation: nothing says what they stand for.
 */
function influenced(nodes: readonly Node[], wrt: readonly Term[], dtypes: ReadonlyMap<Term, DType>): Set<Term> {
  const tensors = new Set(wrt);
  for (const node of nodes) {
    if (!touches(node, tensors)) continue;
    for (const y of node.outputs) {
      const dtype = dtypes.get(y);
      if (dtype && (dtype.includes('float') || (quantized.has(dtype) && node.op !== 'Cast'))) tensors.add(y);
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

/** Values that are the same in every run: initializers and Constant nodes, except what is differentiated. */
function constantsOf(graph: Graph, wanted: ReadonlySet<Term>): Map<Term, Tensor> {
  const constants = new Map([...graph.initializers].filter(([name]) => !wanted.has(name)));
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' ? node.attributes.value : undefined;
    if (value?.type === 'tensor') constants.set(node.outputs[0]!, value.value);
  }
  return constants;
}

function zeros(g: Expressions, shape: readonly number[]): Term {
  return g.expand(g.value(0), shape);
}

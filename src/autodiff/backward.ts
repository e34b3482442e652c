/** Reverse-mode differentiation of a graph into a graph. */
import { CutlineError } from '../errors.ts';
import { GraphBuilder } from '../model/builder.ts';
import { type Graph, type Node, nodeLabel } from '../model/graph.ts';
import type { Tensor } from '../model/tensor.ts';
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
  const active = reachable(graph, wrt);
  const nodes = graph.nodes.map((node) => {
    const rule = active.has(node) ? ruleOf(node) : undefined;
    const prepared = rule?.prepare?.(node, (hint) => builder.fresh(hint)) ?? node;
    builder.node(prepared);
    return prepared;
  });
  const shapes = new Map<string, readonly number[]>();
  for (const v of [...graph.values.values(), ...graph.inputs]) {
    if (v.shape.every((d) => typeof d === 'number')) shapes.set(v.name, v.shape);
  }
  for (const [name, tensor] of graph.initializers) shapes.set(name, tensor.shape);
  const shape = (name: Term): readonly number[] => {
    const s = shapes.get(name);
    if (!s) throw new Error(`autodiff: the shape of ${name} is not known`);
    return s;
  };
  return { g: new Expressions(builder), graph, wrt: new Set(wrt), nodes, shape };
}

/**
 * Appends the backward pass.
 * @param seeds cotangents of tensors of the forward graph, each of its tensor's shape
 * @returns the gradient of Σ ⟨seed, tensor⟩ with respect to each tensor of `wrt`; zeros where nothing depends on it
 */
export function backward(forward: Forward, seeds: ReadonlyMap<Term, Term>, wrt: readonly Term[]): Map<Term, Term> {
  const { g, nodes, shape } = forward;
  const wanted = new Set<Term>(wrt);
  const active = new Set<Term>(wrt);
  for (const node of nodes) {
    if (!piecewiseConstant.has(node.op) && node.inputs.some((x) => active.has(x)))
      for (const y of node.outputs) active.add(y);
  }
  const constants = constantsOf(forward.graph, wanted);
  const parts = new Map<Term, Term[]>();
  const give = (name: Term, cotangent: Term) => parts.set(name, [...(parts.get(name) ?? []), cotangent]);
  const take = (name: Term): Term | undefined => {
    const list = parts.get(name);
    return list && list.length > 1 ? g.graph.op('Sum', list) : list?.[0];
  };
  for (const [name, seed] of seeds) give(name, seed);

  for (const node of [...nodes].reverse()) {
    if (!node.inputs.some((x) => active.has(x)) || piecewiseConstant.has(node.op)) continue;
    const cotangents = node.outputs.map((y) => (y ? take(y) : undefined));
    const first = cotangents.find((d) => d !== undefined);
    if (first === undefined) continue;
    const rule = ruleOf(node);
    const context: RuleContext = {
      node,
      x: node.inputs,
      y: node.outputs,
      dy: cotangents[0] ?? first,
      cotangents,
      g,
      shape,
      constant: (name) => constants.get(name),
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

/** Nodes on which some tensor of `wrt` has a differentiable influence. */
function reachable(graph: Graph, wrt: readonly Term[]): Set<Node> {
  const tensors = new Set(wrt);
  const found = new Set<Node>();
  for (const node of graph.nodes) {
    if (piecewiseConstant.has(node.op) || !node.inputs.some((x) => tensors.has(x))) continue;
    found.add(node);
    for (const y of node.outputs) tensors.add(y);
  }
  return found;
}

function ruleOf(node: Node): Rule {
  const rule = node.domain === '' || node.domain === 'ai.onnx' ? rules.get(node.op) : undefined;
  if (!rule) throw noRule(node);
  return rule;
}

function noRule(node: Node): CutlineError {
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  return new CutlineError('NO_GRADIENT_RULE', { node: nodeLabel(node), op, alternatives: 'inverse-network' });
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

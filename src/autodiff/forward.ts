/** The forward pass of a graph, written so that gradients can follow. */
import { CutlineError } from '../errors.ts';
import { GraphBuilder } from '../model/builder.ts';
import { type Graph, type Node, nodeLabel } from '../model/graph.ts';
import { reads } from '../model/reads.ts';
import type { DType } from '../model/tensor.ts';
import { constantsOf } from './constants.ts';
import { Expressions, type Term } from './expressions.ts';
import { carriesCotangent, piecewiseConstant, type Rule } from './rule.ts';
import { rules } from './rules/index.ts';
import { isStraight, straightRule } from './straight.ts';
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

const touches = (node: Node, tensors: ReadonlySet<Term>): boolean =>
  (!piecewiseConstant.has(node.op) || isStraight(node)) && reads(node).some((x) => tensors.has(x));

/**
 * Tensors of real numbers, quantised ones included, that change when a tensor of `wrt` changes a little; bodies of If, Loop
 * and Scan count as reading.
 */
export function influenced(nodes: readonly Node[], wrt: readonly Term[], dtypes: ReadonlyMap<Term, DType>): Set<Term> {
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

export function ruleOf(node: Node): Rule {
  if (isStraight(node)) return straightRule(node);
  const rule = node.domain === '' || node.domain === 'ai.onnx' ? rules.get(node.op) : undefined;
  if (!rule) throw noRule(node);
  return rule;
}

export function noRule(node: Node): CutlineError {
  const op = node.domain ? `${node.domain}.${node.op}` : node.op;
  return new CutlineError('NO_GRADIENT_RULE', { node: nodeLabel(node), op });
}

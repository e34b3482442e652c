/** The initializers of a graph: plain tensors, and those that are carried along unopened. */
import type { GraphProto, TensorProto } from 'onnx-buf';
import { CutlineError } from '../../errors.ts';
import type { Graph, Node, Sealed } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { dtypeOf } from './dtype.ts';
import type { Source } from './external.ts';
import { readSealed, readSparse } from './read-sealed.ts';
import { readTensor } from './read-tensor.ts';

export interface Weights {
  readonly initializers: Map<string, Tensor>;
  readonly sealed: Map<string, Sealed>;
}

/**
 * A name that is listed twice means the last of its kind, and a sparse one before a dense one, as onnxruntime has it. Of a
 * repeated one only the last is opened.
 * @param body in the body of a node onnxruntime takes no name twice
 */
export function readWeights(proto: GraphProto, source: Source, body: boolean): Weights {
  const invalid = (problem: string): never => {
    throw new CutlineError('MODEL_INVALID', { path: source.path, problem });
  };
  const dense = new Map<string, TensorProto>();
  for (const t of proto.initializer) {
    const before = dense.get(t.name || invalid('an initializer has no name'));
    if (before && (body || before.dataType !== t.dataType || `${before.dims}` !== `${t.dims}`)) {
      invalid(`initializer ${t.name} is defined twice`);
    }
    dense.set(t.name, t);
  }
  const initializers = new Map<string, Tensor>();
  const sealed = new Map<string, Sealed>();
  for (const s of proto.sparseInitializer) {
    const name = s.values?.name || invalid('a sparse initializer has no name');
    if (sealed.has(name) || (body && dense.has(name))) invalid(`sparse initializer ${name} is defined twice`);
    sealed.set(name, readSparse(s));
  }
  for (const [name, t] of dense) {
    if (sealed.has(name)) continue;
    if (dtypeOf(t.dataType)) initializers.set(name, readTensor(t, source));
    else sealed.set(name, readSealed(t, source));
  }
  return { initializers, sealed };
}

/** The same for weights that are written as nodes: a Constant hides an initializer of its name and earlier Constants. */
export function settleConstants(graph: Graph): Graph {
  const last = new Map<string, Node>();
  for (const n of graph.nodes) if (isConstant(n)) last.set(n.outputs[0]!, n);
  const nodes = graph.nodes.filter((n) => !isConstant(n) || last.get(n.outputs[0]!) === n);
  const hidden = [...graph.initializers.keys()].filter((name) => last.has(name));
  if (nodes.length === graph.nodes.length && hidden.length === 0) return graph;
  const initializers = new Map(graph.initializers);
  for (const name of hidden) initializers.delete(name);
  return { ...graph, nodes, initializers };
}

const isConstant = (n: Node): boolean => n.op === 'Constant' && n.domain === '' && n.outputs.length === 1;

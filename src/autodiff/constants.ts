/** Tensors that are the same in every run. */
import type { Graph, Node } from '../model/graph.ts';
import { float32, int64, scalar, type Tensor } from '../model/tensor.ts';
import type { Term } from './expressions.ts';

/** Initializers and what Constant nodes make. */
export function constantsOf(graph: Graph): Map<Term, Tensor> {
  const constants = new Map(graph.initializers);
  for (const node of graph.nodes) {
    const value = node.op === 'Constant' && node.domain === '' ? constantIn(node) : undefined;
    if (value) constants.set(node.outputs[0]!, value);
  }
  return constants;
}

/** A Constant may hold its value in several ways; strings and sparse tensors are no numbers to calculate with. */
function constantIn({ attributes: a }: Node): Tensor | undefined {
  if (a.value?.type === 'tensor') return a.value.value;
  if (a.value_float?.type === 'float') return scalar(a.value_float.value);
  if (a.value_int?.type === 'int') return int64([Number(a.value_int.value)], []);
  if (a.value_floats?.type === 'floats') return float32(a.value_floats.value, [a.value_floats.value.length]);
  if (a.value_ints?.type === 'ints') return int64(a.value_ints.value.map(Number));
  return undefined;
}

/**
 * A slow, obvious ONNX interpreter: float64, plain loops, written from the operator specification
 * (https://onnx.ai/onnx/operators/). It is the truth that the engines and the gradient rules are tested against.
 */
import type { Graph } from '../../../src/model/graph.ts';
import type { Tensors } from '../../../src/model/tensor.ts';
import { operators } from './operators.ts';
import { fromTensor, toTensor, type Value } from './value.ts';

export { fromBrain, fromHalf, toBrain, toHalf } from './half.ts';
export { operators as referenceOperators } from './operators.ts';

export interface ReferenceOptions {
  /** `float64` (default): floats come back unrounded as float64. `declared`: rounded to the type the graph computes in. */
  readonly precision?: 'float64' | 'declared';
  /** Tensors wanted, inner ones too; the graph's outputs when left out. */
  readonly outputs?: readonly string[];
}

/** @throws Error naming the operator when one is not covered. */
export function runReference(graph: Graph, feeds: Tensors, options: ReferenceOptions = {}): Tensors {
  const scope = new Map<string, Value>();
  for (const { name, dtype } of graph.inputs) {
    const feed = feeds[name];
    if (!feed) throw new Error(`reference: input ${name} is not fed`);
    // A float64 feed for a float32 input keeps its digits: that is what finite differences need.
    scope.set(name, { ...fromTensor(feed), dtype });
  }
  evaluate(graph, scope);
  const results: Record<string, ReturnType<typeof toTensor>> = {};
  for (const name of options.outputs ?? graph.outputs.map((o) => o.name)) {
    const value = scope.get(name);
    if (!value) throw new Error(`reference: no tensor ${name}`);
    results[name] = toTensor(value, options.precision ?? 'float64');
  }
  return results;
}

function evaluate(graph: Graph, scope: Map<string, Value>): void {
  for (const [name, tensor] of graph.initializers) if (!scope.has(name)) scope.set(name, fromTensor(tensor));
  for (const node of graph.nodes) {
    const operator = node.domain === '' || node.domain === 'ai.onnx' ? operators[node.op] : undefined;
    if (!operator) throw new Error(`the reference interpreter does not cover operator ${node.domain}:${node.op}`);
    const inputs = node.inputs.map((name) => {
      const value = name === '' ? undefined : scope.get(name);
      if (name !== '' && !value) throw new Error(`reference: ${node.op} reads ${name} before it is computed`);
      return value;
    });
    const runBody = (body: Graph): Value[] => {
      const inner = new Map(scope);
      evaluate({ ...body, opsets: graph.opsets }, inner);
      return body.outputs.map((o) => inner.get(o.name)!);
    };
    const results = [operator({ node, opset: graph.opsets.get('') ?? 1, inputs, runBody })].flat();
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const result = results[i];
      if (!result) throw new Error(`the reference interpreter does not cover output ${i} of ${node.op}`);
      scope.set(name, result);
    });
  }
}

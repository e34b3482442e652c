/** Which constants of a network are weights that a training may move. */
import type { Graph } from '../../model/index.ts';

/** By operator, at which inputs its weights stand. The running mean and variance of a normalisation are no weights. */
const places: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [0, 1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
  Add: [0, 1],
  Mul: [0, 1],
};

/** Of head and tail; what both read stays as it is, since each would learn another. */
export function tunedWeights(head: Graph, tail: Graph): Set<string> {
  const [first, second] = [tunableWeights(head), tunableWeights(tail)];
  return new Set([
    ...[...first].filter((name) => !tail.initializers.has(name)),
    ...[...second].filter((name) => !head.initializers.has(name)),
  ]);
}

/** Float32 initializers of more than one element that weigh or shift activations, and that nothing else reads. */
export function tunableWeights(graph: Graph): Set<string> {
  const weights = new Set<string>();
  const others = new Set<string>();
  for (const node of graph.nodes) {
    const own = node.domain === '' || node.domain === 'ai.onnx' ? places[node.op] : undefined;
    node.inputs.forEach((name, i) => {
      const tensor = graph.initializers.get(name);
      if (!tensor) return;
      const isWeight = own?.includes(i) && tensor.dtype === 'float32' && tensor.data.length > 1;
      (isWeight ? weights : others).add(name);
    });
  }
  return new Set([...weights].filter((name) => !others.has(name)));
}

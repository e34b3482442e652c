/** Which constants of a network are weights that a training may move. */
import type { Graph, Split } from '../../model/index.ts';

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

/** What learns besides the code: the tail alone, or the head on the device too. */
export type Tune = 'tail' | 'head';

/**
 * What a training may move in the tail, and in a head that learns too; a weight that both of them read then stays as it is.
 * @param larger the same for another batch: what hangs on the batch, as an Expand to it does, is no weight
 * @param raised of the tail, what is trained; what raising added is no weight of the network's
 */
export function tunedWeights(
  { head, tail }: Split,
  larger: Split,
  raised: Graph,
  tune: Tune,
): { readonly ofHead: ReadonlySet<string>; readonly ofTail: ReadonlySet<string> } {
  const isFixed = (of: Graph, other: Graph) => (name: string) =>
    String(of.initializers.get(name)?.shape) === String(other.initializers.get(name)?.shape);
  const [first, second] = [head.initializers, tail.initializers];
  const ofTail = [...tunableWeights(raised)].filter((name) => second.get(name) === raised.initializers.get(name));
  const ofHead = tune === 'head' ? [...tunableWeights(head)].filter((name) => !second.has(name)) : [];
  return {
    ofHead: new Set(ofHead.filter(isFixed(head, larger.head))),
    ofTail: new Set(ofTail.filter((name) => tune === 'tail' || !first.has(name)).filter(isFixed(tail, larger.tail))),
  };
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

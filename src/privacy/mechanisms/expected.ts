/** What a head shows of a picture on the average over the noise that a mechanism adds to the picture. */
import { GraphBuilder } from '../../model/builder.ts';
import type { Graph, Node } from '../../model/graph.ts';
import { float32, sizeOf } from '../../model/tensor.ts';
import { defendedHead } from './graph.ts';
import type { Mechanism } from './mechanism.ts';
import type { NoiseSource } from './noise.ts';

/**
 * The mean over fixed draws, the same for every picture: a descent needs a function that does not change under it.
 * @param head for a batch of n · draws, one picture input
 * @param noise of the draws
 * @returns a graph for a batch of n, with the names of the head's input and outputs; rounding is left out
 */
export function expectedHead(head: Graph, mechanism: Mechanism, draws: number, noise: NoiseSource): Graph {
  const inner = defendedHead(head, mechanism, { relaxed: true, noise: 'input' });
  const picture = inner.graph.inputs[0]!;
  const shape = picture.shape as readonly number[];
  const n = shape[0]! / draws;
  const b = new GraphBuilder(inner.graph.opsets);
  for (const v of inner.graph.inputs) {
    if (v === picture) b.input(v.name, v.dtype, [n, ...shape.slice(1)]);
    else if (!inner.draws.some((d) => d.name === v.name)) b.input(v.name, v.dtype, v.shape);
  }
  for (const { name, draw, shape: drawn } of inner.draws) {
    const row = sizeOf(drawn.slice(1));
    const once = new Float32Array(draws * row);
    noise[draw](once, 1);
    const data = new Float32Array(n * once.length);
    for (let i = 0; i < n; i++) data.set(once, i * once.length);
    b.initializer(float32(data, drawn), name);
  }
  for (const [name, t] of inner.graph.initializers) b.initializer(t, name);
  for (const node of inner.graph.nodes) for (const y of node.outputs) if (y) b.reserve(y);
  const int64 = (list: readonly number[]) => b.constant(list, 'int64');
  const apart = b.op('Reshape', [picture.name, int64([n, 1, ...shape.slice(1)])]);
  const spread = b.op('Reshape', [
    b.op('Expand', [apart, int64([n, draws, ...shape.slice(1)])]),
    int64([n * draws, ...shape.slice(1)]),
  ]);
  const renamed = new Map([[picture.name, spread]]);
  for (const { name } of inner.graph.outputs) renamed.set(name, b.fresh(`${name}:drawn`));
  const name = (x: string) => renamed.get(x) ?? x;
  for (const node of inner.graph.nodes) b.node(withNames(node, name));
  for (const v of inner.graph.outputs) {
    const made = v.shape as readonly number[];
    const each = b.op('Reshape', [name(v.name), int64([n, draws, ...made.slice(1)])]);
    const sum = b.op('ReduceSum', [each, int64([1])], { keepdims: 0 });
    b.op('Mul', [sum, b.constant(1 / draws)], {}, v.name);
    b.output(v.name, v.dtype, [n, ...made.slice(1)]);
  }
  return b.build(head.name);
}

const withNames = (node: Node, name: (x: string) => string): Node => ({
  ...node,
  inputs: node.inputs.map(name),
  outputs: node.outputs.map(name),
});

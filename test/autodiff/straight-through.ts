/**
 * What a straight-through gradient is the gradient of: the same graph without rounding, shifted at every quantiser by what
 * rounding did at one point. At that point it computes exactly the same values, and differences can be taken of it.
 */
import { GraphBuilder } from '../../src/model/builder.ts';
import { attrInt, type Graph, type Node } from '../../src/model/graph.ts';
import { float32, type Tensor, type Tensors } from '../../src/model/tensor.ts';
import { numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';

const limits: Readonly<Record<string, readonly [number, number]>> = { uint8: [0, 255], int8: [-128, 127] };

/** @param feeds the point at which the smooth graph equals the quantised one */
export function withoutRounding(graph: Graph, feeds: Tensors): Graph {
  const names = [...feedNames(graph), ...graph.initializers.keys(), ...graph.nodes.flatMap((n) => n.outputs)];
  const values = runReference(graph, feeds, { outputs: names.filter((n) => n !== '') });
  const b = GraphBuilder.from({ ...graph, nodes: [] });
  for (const node of graph.nodes) {
    if (node.op === 'QuantizeLinear' || node.op === 'DynamicQuantizeLinear') quantize(b, node, values);
    else if (node.op === 'DequantizeLinear') dequantize(b, node, values);
    else b.node(node);
  }
  const outputs = graph.outputs.map(({ name }) => ({ name, dtype: 'float32' as const, shape: values[name]!.shape }));
  return { ...b.build(), outputs };
}

const feedNames = (graph: Graph): string[] => graph.inputs.map((v) => v.name);

/** A scale or zero point as a constant that broadcasts against x. */
function constant(b: GraphBuilder, node: Node, t: Tensor, x: Tensor): string {
  const axis = attrInt(node, 'axis', 1);
  const shape =
    t.data.length === 1 ? [] : x.shape.map((n, d) => (d === (axis + x.shape.length) % x.shape.length ? n : 1));
  return b.initializer(float32(numbers(t), shape));
}

/** clip(x/s + z) + (what rounding added). */
function quantize(b: GraphBuilder, node: Node, values: Tensors): void {
  const dynamic = node.op === 'DynamicQuantizeLinear';
  const x = values[node.inputs[0]!]!;
  const y = values[node.outputs[0]!]!;
  const [s, z] = [1, 2].map((i) => values[dynamic ? node.outputs[i]! : node.inputs[i]!]!) as [Tensor, Tensor];
  const exact = b.op('Add', [b.op('Div', [node.inputs[0]!, constant(b, node, s, x)]), constant(b, node, z, x)]);
  const [low, high] = (dynamic ? [-1, 256] : limits[z.dtype]!).map((v) => b.constant(v)) as [string, string];
  const clipped = b.op('Clip', [exact, low, high]);
  // The constants are float32: what they compute here is taken, not what they should.
  const probe = { ...b.build(), outputs: [{ name: clipped, dtype: 'float32' as const, shape: y.shape }] };
  const here = numbers(runReference({ ...probe, inputs: probe.inputs }, feedsOf(probe, values))[clipped]!);
  const rounding: Tensor = {
    dtype: 'float64',
    shape: y.shape,
    data: Float64Array.from(numbers(y), (v, i) => v - here[i]!),
  };
  b.op('Add', [clipped, b.initializer(rounding)], {}, node.outputs[0]!);
  if (!dynamic) return;
  // To the cotangent they are constants.
  for (const i of [1, 2]) b.op('Identity', [constant(b, node, values[node.outputs[i]!]!, x)], {}, node.outputs[i]!);
}

function dequantize(b: GraphBuilder, node: Node, values: Tensors): void {
  const x = values[node.inputs[0]!]!;
  const [s, z] = [1, 2].map((i) => constant(b, node, values[node.inputs[i]!]!, x)) as [string, string];
  const real = b.op('Cast', [node.inputs[0]!], { to: 1 });
  b.op('Mul', [b.op('Sub', [real, z]), s], {}, node.outputs[0]!);
}

const feedsOf = (graph: Graph, values: Tensors): Tensors =>
  Object.fromEntries(graph.inputs.map((v) => [v.name, values[v.name]!]));

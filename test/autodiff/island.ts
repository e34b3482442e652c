/** The same function computed in another type inside, and in float32 at its edges, as exporters leave layers behind. */
import { GraphBuilder } from '../../src/model/builder.ts';
import type { Graph, ValueInfo } from '../../src/model/graph.ts';
import { onnxNumber } from '../../src/model/onnx/dtype.ts';
import { type DType, type FloatType, float32, type Tensor, type Tensors } from '../../src/model/tensor.ts';
import { numbers } from '../support/compare.ts';
import { fromBrain, fromHalf, toBrain, toHalf } from '../support/reference/index.ts';

/** Real numbers that an operator wants as float32 whatever type it computes in. */
const keepsFloat32 = (op: string, place: number): boolean => (op === 'Resize' || op === 'Upsample') && place > 0;

const rounded = (v: number, dtype: FloatType): number =>
  dtype === 'float16' ? fromHalf(toHalf(v)) : dtype === 'bfloat16' ? fromBrain(toBrain(v)) : v;

/** The numbers that a type can hold, as float32. */
export function heldBy(dtype: FloatType, tensor: Tensor): Tensor {
  return tensor.dtype === 'float32'
    ? float32(
        numbers(tensor).map((v) => rounded(v, dtype)),
        tensor.shape,
      )
    : tensor;
}

export const feedsHeldBy = (dtype: FloatType, feeds: Tensors): Tensors =>
  Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, heldBy(dtype, t)]));

/** Initializers that stay float32. */
const settingsOf = (graph: Graph): Set<string> =>
  new Set(graph.nodes.flatMap((n) => n.inputs.filter((_, i) => keepsFloat32(n.op, i))));

/** Weights rounded to what a type can hold. */
export function withWeightsHeldBy(dtype: FloatType, graph: Graph): Graph {
  const settings = settingsOf(graph);
  const held = ([name, t]: [string, Tensor]): [string, Tensor] => [name, settings.has(name) ? t : heldBy(dtype, t)];
  return { ...graph, initializers: new Map([...graph.initializers].map(held)) };
}

/** @param graph of float32, without names in common between tensors of its operators and `<name>:inside` */
export function island(dtype: FloatType, graph: Graph): Graph {
  const b = new GraphBuilder(graph.opsets);
  const inside = new Map<string, string>();
  const cast = (name: string, to: DType, output: string) => b.op('Cast', [name], { to: onnxNumber(to) }, output);
  for (const { name, dtype: own, shape } of graph.inputs) {
    b.input(name, own, shape);
    if (own === 'float32') inside.set(name, cast(name, dtype, `${name}:inside`));
  }
  for (const [name, tensor] of graph.initializers) {
    b.initializer(tensor, name);
    if (tensor.dtype === 'float32') inside.set(name, b.initializer(convert(tensor, dtype), `${name}:inside`));
  }
  const outputs = new Map(graph.outputs.map((v) => [v.name, `${v.name}:inside`]));
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((x, i) => (keepsFloat32(node.op, i) ? x : (inside.get(x) ?? outputs.get(x) ?? x)));
    b.node({ ...node, inputs, outputs: node.outputs.map((y) => outputs.get(y) ?? y) });
  }
  for (const { name, dtype: own, shape } of graph.outputs) b.output(cast(outputs.get(name)!, own, name), own, shape);
  return b.build();
}

/** The same function with inputs, weights and outputs of another type. */
export function wholly(dtype: FloatType, graph: Graph): Graph {
  const typed = (v: ValueInfo): ValueInfo => (v.dtype === 'float32' ? { ...v, dtype } : v);
  const settings = settingsOf(graph);
  const initializers = [...graph.initializers].map(([name, t]): [string, Tensor] =>
    t.dtype === 'float32' && !settings.has(name) ? [name, convert(t, dtype)] : [name, t],
  );
  return {
    ...graph,
    inputs: graph.inputs.map(typed),
    outputs: graph.outputs.map(typed),
    initializers: new Map(initializers),
  };
}

export function convert(tensor: Tensor, dtype: FloatType): Tensor {
  const list = numbers(tensor);
  switch (dtype) {
    case 'float32':
      return tensor;
    case 'float64':
      return { ...tensor, dtype, data: Float64Array.from(list) };
    case 'float16':
      return { ...tensor, dtype, data: Uint16Array.from(list, toHalf) };
    case 'bfloat16':
      return { ...tensor, dtype, data: Uint16Array.from(list, toBrain) };
    default:
      return dtype satisfies never;
  }
}

/** What an operator gets to see of the node it computes, and what it may answer. */
import { attrFloat, attrInts, type Graph, type Node } from '../../model/graph.ts';
import type { DType } from '../../model/tensor.ts';
import type { Tf, TfTensor } from './library.ts';
import type { Value } from './value.ts';

export interface Call {
  readonly tf: Tf;
  readonly node: Node;
  readonly opset: number;
  /** undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** Runs a body (If), which may read the surrounding tensors. */
  body(graph: Graph): readonly Typed[];
  /** A form of input `i` that is computed once where the input is a weight. `form` names it. */
  prepared(i: number, form: string, make: (x: TfTensor) => TfTensor): TfTensor;
}

/** A result whose ONNX type the TensorFlow.js tensor does not tell. */
export type Typed = { readonly dtype: DType; readonly tensor: TfTensor };

/** A bare tensor has the type of the node's first input of its kind (float, integer, bool). */
export type Result = TfTensor | Typed;

/** Tensors made on the way are freed when the operator returns. */
export type Operator = (call: Call) => Result | readonly Result[];
export type Operators = Readonly<Record<string, Operator>>;

export function input(call: Call, i: number): Value {
  const value = call.inputs[i];
  if (!value) throw new Error(`input ${i} is missing`);
  return value;
}

export const tensor = (call: Call, i: number): TfTensor => input(call, i).tensor;

/** ONNX stores float attributes as float32. */
export const float = (call: Call, name: string, fallback: number): number =>
  Math.fround(attrFloat(call.node, name, fallback));

/** Integers that older opsets give as an attribute and newer ones as an input. */
export function intsFrom(call: Call, attribute: string, i: number): number[] | undefined {
  return call.inputs[i]?.numbers() ?? attrInts(call.node, attribute);
}

export function unsupported(what: string): never {
  throw new Error(`${what} is not covered by the tfjs engine`);
}

/** `axis` counted from the front. */
export function positiveAxis(axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1)) throw new Error(`axis ${axis} is outside rank ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

export const isInteger = (dtype: DType): boolean => dtype.includes('int');

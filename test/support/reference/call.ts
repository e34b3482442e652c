/** What an operator gets to see of the node it computes. */
import type { Graph, Node } from '../../../src/model/graph.ts';
import { attrFloat, attrInts } from '../../../src/model/graph.ts';
import type { Value } from './value.ts';

export interface Call {
  readonly node: Node;
  readonly opset: number;
  /** undefined where an optional input is left out. */
  readonly inputs: readonly (Value | undefined)[];
  /** Runs a body (If) that may see the surrounding tensors. */
  readonly runBody: (body: Graph) => Value[];
}

export type Operator = (call: Call) => Value | readonly Value[];
export type Operators = Readonly<Record<string, Operator>>;

export function required(call: Call, i: number): Value {
  const value = call.inputs[i];
  if (!value) throw new Error(`${call.node.op} (${call.node.name}): input ${i} is missing`);
  return value;
}

/** ONNX stores float attributes as float32. */
export function float(call: Call, name: string, fallback: number): number {
  return Math.fround(attrFloat(call.node, name, fallback));
}

/** Integers that older opsets give as an attribute and newer ones as an input. */
export function intsFrom(call: Call, attribute: string, i: number): number[] | undefined {
  const value = call.inputs[i];
  return value ? Array.from(value.data) : attrInts(call.node, attribute);
}

export function unsupported(call: Call, what: string): never {
  throw new Error(`the reference interpreter does not cover ${call.node.op} with ${what}`);
}

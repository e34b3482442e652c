/** What is known of tensors by name. */
import type { Graph, ValueInfo } from './graph.ts';
import { bytesPerElement } from './tensor.ts';

/** Types and shapes of inputs, outputs, weights and inner tensors, as far as known. */
export function allValues(graph: Graph): Map<string, ValueInfo> {
  const all = new Map<string, ValueInfo>();
  for (const v of graph.outputs) all.set(v.name, v);
  for (const [name, v] of graph.values) all.set(name, v);
  for (const v of graph.inputs) all.set(v.name, v);
  for (const [name, t] of graph.initializers) all.set(name, { name, dtype: t.dtype, shape: t.shape });
  return all;
}

/** The shape as numbers, or undefined where a dimension or the rank is not known. */
export function fixedShape(value: ValueInfo | undefined): readonly number[] | undefined {
  if (!value || value.unknown) return undefined;
  return value.shape.every((d) => typeof d === 'number') ? (value.shape as readonly number[]) : undefined;
}

/** Bytes of a tensor as it is, uncompressed; null where its shape depends on data, or it is no tensor of fixed width. */
export function activationBytes(value: ValueInfo): number | null {
  const shape = fixedShape(value);
  const width = bytesPerElement(value.dtype);
  return shape && width !== undefined ? shape.reduce((a, b) => a * b, width) : null;
}

/** Can an engine take and give it? Not sequences and maps, nor bfloat16, of which JavaScript has no tensors. */
export function isHeld(value: ValueInfo): boolean {
  return value.unknown !== 'opaque' && value.dtype !== 'bfloat16';
}

/** Can it go through a cut? Its type must be known, and be numbers; its shape may depend on data. */
export function isSendable(value: ValueInfo | undefined): value is ValueInfo {
  return value !== undefined && isHeld(value) && value.unknown !== 'type' && value.dtype !== 'string';
}

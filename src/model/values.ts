/** What is known of tensors by name. */
import { CutlineError } from '../errors.ts';
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

/**
 * Bytes of a tensor as it is, uncompressed.
 * @throws CutlineError SHAPE_UNKNOWN
 */
export function activationBytes(value: ValueInfo): number {
  const shape = fixedShape(value);
  const width = bytesPerElement(value.dtype);
  if (!shape || width === undefined) throw new CutlineError('SHAPE_UNKNOWN', { tensor: value.name });
  return shape.reduce((a, b) => a * b, width);
}

/** Window geometry shared by convolution and pooling. */
import { attrInts, attrString, type Node } from '../model/graph.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros before and after each spatial axis, `auto_pad` resolved. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}

/** @param input,output spatial extents, without batch and channels */
export function windowOf(
  node: Node,
  kernel: readonly number[],
  input: readonly number[],
  output: readonly number[],
): Window {
  const rank = kernel.length;
  const ones = new Array<number>(rank).fill(1);
  const strides = attrInts(node, 'strides') ?? ones;
  const dilations = attrInts(node, 'dilations') ?? ones;
  const pads = attrInts(node, 'pads') ?? new Array<number>(2 * rank).fill(0);
  const autoPad = attrString(node, 'auto_pad', 'NOTSET');
  if (autoPad !== 'SAME_UPPER' && autoPad !== 'SAME_LOWER') {
    return { kernel, strides, dilations, before: pads.slice(0, rank), after: pads.slice(rank) };
  }
  const total = kernel.map((k, i) =>
    Math.max(0, (output[i]! - 1) * strides[i]! + (k - 1) * dilations[i]! + 1 - input[i]!),
  );
  const small = total.map((t) => Math.floor(t / 2));
  const large = total.map((t) => Math.ceil(t / 2));
  const upper = autoPad === 'SAME_UPPER';
  return { kernel, strides, dilations, before: upper ? small : large, after: upper ? large : small };
}

/** Zeros (positive) or cropping (negative) before and after the spatial axes of an N×C×… tensor. */
export function padsOrCrops(widths: readonly number[]): { pads: number[]; crops: number[] } {
  return { pads: widths.map((w) => Math.max(w, 0)), crops: widths.map((w) => Math.max(-w, 0)) };
}

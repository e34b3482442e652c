/** Sliding windows of Conv and the pools. */
import { attrInt, attrInts, attrString } from '../../../src/model/graph.ts';
import type { Call } from './call.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly padsBefore: readonly number[];
  readonly padsAfter: readonly number[];
  /** Spatial shape of the result. */
  readonly output: readonly number[];
}

/** The window of a node over the spatial shape `input`. */
export function windowOf(call: Call, input: readonly number[], kernel: readonly number[]): Window {
  const rank = input.length;
  const strides = attrInts(call.node, 'strides') ?? input.map(() => 1);
  const dilations = attrInts(call.node, 'dilations') ?? input.map(() => 1);
  const pads = attrInts(call.node, 'pads') ?? [...input, ...input].map(() => 0);
  const autoPad = attrString(call.node, 'auto_pad', 'NOTSET');
  const ceil = attrInt(call.node, 'ceil_mode', 0) === 1;
  const before: number[] = [];
  const after: number[] = [];
  const output: number[] = [];
  for (let d = 0; d < rank; d++) {
    const stride = strides[d]!;
    const reach = (kernel[d]! - 1) * dilations[d]! + 1;
    if (autoPad === 'SAME_UPPER' || autoPad === 'SAME_LOWER') {
      output[d] = Math.ceil(input[d]! / stride);
      const total = Math.max((output[d]! - 1) * stride + reach - input[d]!, 0);
      before[d] = autoPad === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      after[d] = total - before[d]!;
      continue;
    }
    before[d] = autoPad === 'VALID' ? 0 : pads[d]!;
    after[d] = autoPad === 'VALID' ? 0 : pads[d + rank]!;
    const steps = (input[d]! + before[d]! + after[d]! - reach) / stride;
    output[d] = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // "Sliding windows that would start in the right padded region are ignored."
    if (ceil && (output[d]! - 1) * stride >= input[d]! + before[d]!) output[d]!--;
  }
  return { kernel, strides, dilations, padsBefore: before, padsAfter: after, output };
}

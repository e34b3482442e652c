/** Sliding windows of Conv and the pools, `auto_pad` resolved. */
import { attrInt, attrInts, attrString, type Node } from '../../model/graph.ts';

export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Spatial extents of the result. */
  readonly output: readonly number[];
  /** How far ceil_mode lets the last window hang over beyond the padding. */
  readonly over: readonly number[];
}

/** @param input spatial extents */
export function windowOf(node: Node, input: readonly number[], kernel: readonly number[]): Window {
  const rank = input.length;
  const strides = attrInts(node, 'strides') ?? input.map(() => 1);
  const dilations = attrInts(node, 'dilations') ?? input.map(() => 1);
  const pads = attrInts(node, 'pads') ?? [...input, ...input].map(() => 0);
  const auto = attrString(node, 'auto_pad', 'NOTSET');
  const ceil = attrInt(node, 'ceil_mode', 0) === 1;
  const axes = input.map((n, d) => {
    const stride = strides[d]!;
    const reach = (kernel[d]! - 1) * dilations[d]! + 1;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const output = Math.ceil(n / stride);
      const total = Math.max((output - 1) * stride + reach - n, 0);
      const before = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      return { before, after: total - before, output, over: 0 };
    }
    const before = auto === 'VALID' ? 0 : pads[d]!;
    const after = auto === 'VALID' ? 0 : pads[d + rank]!;
    const steps = (n + before + after - reach) / stride;
    let output = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // "Sliding windows that would start in the right padded region are ignored."
    if (ceil && (output - 1) * stride >= n + before) output--;
    return { before, after, output, over: Math.max((output - 1) * stride + reach - n - before - after, 0) };
  });
  return {
    kernel,
    strides,
    dilations,
    before: axes.map((a) => a.before),
    after: axes.map((a) => a.after),
    output: axes.map((a) => a.output),
    over: axes.map((a) => a.over),
  };
}

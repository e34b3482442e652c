/**
 * Windows of a pool as onnxruntime slides them. It differs from the specification under SAME: dilation does not count, and
 * where strides leave gaps the padding is negative, so that the first window begins inside.
 */
import { attrInt, attrInts, attrString, type Node } from '../../model/graph.ts';
import { float32, sizeOf, type Tensor } from '../../model/tensor.ts';
import type { RuleContext } from '../rule.ts';
import type { Window } from '../window.ts';

export function poolWindow(c: RuleContext): Window {
  const kernel = attrInts(c.node, 'kernel_shape') ?? [];
  const ones = kernel.map(() => 1);
  const strides = attrInts(c.node, 'strides') ?? ones;
  const dilations = attrInts(c.node, 'dilations') ?? ones;
  const input = c.shape(c.x[0]!).slice(2);
  const pads = kernel.map((k, i) => padding(c.node, i, k, strides[i]!, input[i]!));
  return { kernel, strides, dilations, before: pads.map(([b]) => b), after: pads.map(([, a]) => a) };
}

function padding(node: Node, axis: number, kernel: number, stride: number, extent: number): readonly [number, number] {
  const autoPad = attrString(node, 'auto_pad', 'NOTSET');
  if (autoPad === 'VALID') return [0, 0];
  if (!autoPad.startsWith('SAME')) {
    const pads = attrInts(node, 'pads');
    return pads ? [pads[axis]!, pads[axis + pads.length / 2]!] : [0, 0];
  }
  const needed = (Math.ceil(extent / stride) - 1) * stride + kernel - extent;
  const before = Math.trunc((autoPad === 'SAME_UPPER' ? needed : needed + 1) / 2);
  return [before, needed - before];
}

/** How many taps of each window along an axis lie in [low, high). */
function taps(window: Window, axis: number, positions: number, low: number, high: number): number[] {
  return Array.from({ length: positions }, (_, i) => {
    const start = i * window.strides[axis]! - window.before[axis]!;
    const upTo = (limit: number) =>
      Math.min(Math.max(Math.ceil((limit - start) / window.dilations[axis]!), 0), window.kernel[axis]!);
    return upTo(high) - upTo(low);
  });
}

/** Products of one number for each axis, at every position. */
function products(along: readonly (readonly number[])[], of: (product: number) => number): Tensor {
  const shape = along.map((list) => list.length);
  const data = new Float32Array(sizeOf(shape));
  for (let flat = 0; flat < data.length; flat++) {
    let rest = flat;
    let product = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      product *= along[axis]![rest % shape[axis]!]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    data[flat] = of(product);
  }
  return float32(data, shape);
}

/** One over how many inputs each window averages, counting as the node counts; 0 where a window holds none. */
export function shares(c: RuleContext, window: Window): Tensor {
  const extents = c.shape(c.x[0]!).slice(2);
  const positions = c.shape(c.y[0]!).slice(2);
  const padded = attrInt(c.node, 'count_include_pad', 0) === 1;
  const along = positions.map((n, axis) => {
    const [before, after] = padded ? [window.before[axis]!, window.after[axis]!] : [0, 0];
    return taps(window, axis, n, -before, extents[axis]! + after);
  });
  return products(along, (n) => (n === 0 ? 0 : 1 / n));
}

/** 1 at each window that holds an input, 0 where it lies in padding; undefined where all hold one. */
export function occupied(c: RuleContext, window: Window): Tensor | undefined {
  const extents = c.shape(c.x[0]!).slice(2);
  const along = c
    .shape(c.y[0]!)
    .slice(2)
    .map((n, axis) => taps(window, axis, n, 0, extents[axis]!));
  return along.flat().includes(0) ? products(along, (n) => Math.min(n, 1)) : undefined;
}

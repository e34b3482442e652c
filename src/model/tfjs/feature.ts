/**
 * Tensors of a TensorFlow.js model while it is written as ONNX. TensorFlow keeps channels last, ONNX second: a feature has
 * one form of each at most, made where it is first asked for. So convolutions follow each other without transposes, and
 * what depends on the order of elements (Flatten, Reshape, model outputs) gets TensorFlow's.
 */

import type { AttributeLike } from '../builder.ts';
import { GraphBuilder } from '../builder.ts';
import { type DType, sizeOf, type Tensor, type TensorData } from '../tensor.ts';
import { unsupported } from './json.ts';

/** Extents in TensorFlow's order; undefined where they are not known before the model runs. */
export type Dims = readonly (number | undefined)[];

export interface Feature {
  readonly dims: Dims;
  readonly dtype: DType;
  /** Name of the tensor with channels last, as TensorFlow has it. */
  last?: string;
  /** Name of the tensor with channels second. Only where there are at least three axes. */
  second?: string;
  /** The value of a constant. */
  readonly constant?: Tensor;
}

/** The order of axes that moves channels from the end to the second place, and back. */
export const toSecond = (rank: number): number[] => [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
export const toLast = (rank: number): number[] => [0, ...Array.from({ length: rank - 2 }, (_, i) => i + 2), 1];

export type Form = 'last' | 'second';

export class Writer {
  readonly b = new GraphBuilder(17);

  constant(tensor: Tensor, name?: string): Feature {
    const feature: Feature = { dims: tensor.shape, dtype: tensor.dtype, constant: tensor };
    if (name) feature.last = this.b.initializer(tensor, this.b.fresh(name));
    return feature;
  }

  /** The tensor in TensorFlow's order. */
  last(f: Feature): string {
    if (f.last === undefined) {
      f.last = f.constant
        ? this.b.initializer(f.constant)
        : this.b.op('Transpose', [f.second!], { perm: toLast(f.dims.length) }, this.b.fresh(`${f.second}/last`));
    }
    return f.last;
  }

  /** The tensor with channels second. */
  second(f: Feature): string {
    if (f.dims.length < 3) return this.last(f);
    if (f.second === undefined) {
      const perm = toSecond(f.dims.length);
      f.second = f.constant
        ? this.b.initializer(transposed(f.constant, perm))
        : this.b.op('Transpose', [this.last(f)], { perm }, this.b.fresh(`${f.last}/second`));
    }
    return f.second;
  }

  in(f: Feature, form: Form): string {
    return form === 'second' ? this.second(f) : this.last(f);
  }

  /** The form in which elementwise work needs no transpose of `features`. */
  formOf(features: readonly Feature[]): Form {
    const moving = features.filter((f) => !f.constant);
    return moving.length > 0 &&
      moving.every((f) => f.dims.length < 3 || f.second !== undefined) &&
      moving.some((f) => f.dims.length >= 3)
      ? 'second'
      : 'last';
  }

  /** Where an axis of TensorFlow's order lies in a form. */
  axis(axis: number, rank: number, form: Form): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (positive < 0 || positive >= Math.max(rank, 1)) unsupported(`axis ${axis} of ${rank}`);
    return form === 'second' && rank >= 3 ? toSecond(rank).indexOf(positive) : positive;
  }

  /** Appends an operator; the result has this form. */
  op(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeLike>,
    result: { readonly name: string; readonly dims: Dims; readonly form?: Form; readonly dtype?: DType },
  ): Feature {
    const { name, dims, form = 'last', dtype = 'float32' } = result;
    const tensor = this.b.op(op, inputs, attributes, this.b.fresh(name));
    return feature(dims, dtype, tensor, form);
  }

  ints(values: readonly number[]): string {
    return this.b.constant(values, 'int64');
  }
}

export function feature(dims: Dims, dtype: DType, tensor: string, form: Form): Feature {
  const second = form === 'second' && dims.length >= 3;
  return second ? { dims, dtype, second: tensor } : { dims, dtype, last: tensor };
}

/** A constant with its axes in another order. */
export function transposed(tensor: Tensor, perm: readonly number[]): Tensor {
  const shape = perm.map((d) => tensor.shape[d]!);
  const pitch = tensor.shape.map((_, d) => sizeOf(tensor.shape.slice(d + 1)));
  const steps = perm.map((d) => pitch[d]!);
  const source = tensor.data as Float32Array;
  const data = source.slice() as Float32Array;
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = source[from]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d]!++;
      from += steps[d]!;
      if (index[d]! < shape[d]!) break;
      from -= steps[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return { dtype: tensor.dtype, shape, data: data as TensorData };
}

export const reshaped = (tensor: Tensor, shape: readonly number[]): Tensor => ({ ...tensor, shape });

/** NumPy-style common extents; one that is not known is taken from its partner unless that is 1. */
export function broadcast(a: Dims, b: Dims): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, d) => {
    const [m, n] = [a, b].map((s) => (d - rank + s.length < 0 ? 1 : s[d - rank + s.length]));
    return m === 1 ? n : n === 1 ? m : (m ?? n);
  });
}

/** Writes formulas into a graph: each function appends one or two plain ONNX operators (opset 16 or newer) and names the result. */
import type { GraphBuilder } from '../model/builder.ts';
import type { Tensor } from '../model/tensor.ts';

/** The name of a tensor in the graph being written. */
export type Term = string;

export class Expressions {
  readonly graph: GraphBuilder;

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  /** A constant scalar, or a 1-D constant. */
  value(value: number | readonly number[]): Term {
    return this.graph.constant(value);
  }

  tensor(tensor: Tensor): Term {
    return this.graph.initializer(tensor);
  }

  add(a: Term, b: Term | number): Term {
    return this.#binary('Add', a, b);
  }

  sub(a: Term | number, b: Term | number): Term {
    return this.#binary('Sub', a, b);
  }

  mul(a: Term, b: Term | number): Term {
    return this.#binary('Mul', a, b);
  }

  div(a: Term | number, b: Term | number): Term {
    return this.#binary('Div', a, b);
  }

  max(a: Term, b: Term | number): Term {
    return this.#binary('Max', a, b);
  }

  pow(a: Term, b: Term | number): Term {
    return this.#binary('Pow', a, b);
  }

  square(a: Term): Term {
    return this.mul(a, a);
  }

  neg(a: Term): Term {
    return this.graph.op('Neg', [a]);
  }

  sqrt(a: Term): Term {
    return this.graph.op('Sqrt', [a]);
  }

  exp(a: Term): Term {
    return this.graph.op('Exp', [a]);
  }

  sign(a: Term): Term {
    return this.graph.op('Sign', [a]);
  }

  matmul(a: Term, b: Term): Term {
    return this.graph.op('MatMul', [a, b]);
  }

  greater(a: Term, b: Term | number): Term {
    return this.#binary('Greater', a, b);
  }

  less(a: Term, b: Term | number): Term {
    return this.#binary('Less', a, b);
  }

  equal(a: Term, b: Term): Term {
    return this.graph.op('Equal', [a, b]);
  }

  and(a: Term, b: Term): Term {
    return this.graph.op('And', [a, b]);
  }

  where(condition: Term, a: Term, b: Term | number): Term {
    return this.graph.op('Where', [condition, a, this.#term(b)]);
  }

  /** 1 where true, 0 elsewhere. */
  indicator(condition: Term): Term {
    return this.graph.op('Cast', [condition], { to: 1 });
  }

  /** Sum over axes; none given means over all. */
  sum(a: Term, axes?: readonly number[], keepDims = false): Term {
    // ONNX takes an empty list for all axes.
    if (axes?.length === 0) return a;
    const inputs = axes ? [a, this.graph.constant(axes, 'int64')] : [a];
    return this.graph.op('ReduceSum', inputs, { keepdims: keepDims ? 1 : 0 });
  }

  reshape(a: Term, shape: readonly number[]): Term {
    // Otherwise 0 stands for the extent that was there.
    const attributes = shape.includes(0) ? { allowzero: 1 } : {};
    return this.graph.op('Reshape', [a, this.graph.constant(shape, 'int64')], attributes);
  }

  transpose(a: Term, perm: readonly number[]): Term {
    return this.graph.op('Transpose', [a], { perm });
  }

  expand(a: Term, shape: readonly number[]): Term {
    return this.graph.op('Expand', [a, this.graph.constant(shape, 'int64')]);
  }

  zeros(shape: readonly number[]): Term {
    // What has no elements is no repetition either.
    return shape.includes(0)
      ? this.tensor({ dtype: 'float32', shape, data: new Float32Array() })
      : this.expand(this.value(0), shape);
  }

  concat(parts: readonly Term[], axis: number): Term {
    return parts.length === 1 ? parts[0]! : this.graph.op('Concat', parts, { axis });
  }

  slice(
    a: Term,
    starts: readonly number[],
    ends: readonly number[],
    axes: readonly number[],
    steps?: readonly number[],
  ): Term {
    const lists = [starts, ends, axes, ...(steps ? [steps] : [])];
    return this.graph.op('Slice', [a, ...lists.map((l) => this.graph.constant(l, 'int64'))]);
  }

  /** Zeros around: `before` and `after` hold one width an axis. */
  pad(a: Term, before: readonly number[], after: readonly number[]): Term {
    if ([...before, ...after].every((n) => n === 0)) return a;
    return this.graph.op('Pad', [a, this.graph.constant([...before, ...after], 'int64'), this.value(0)]);
  }

  /** Sums a cotangent over the axes along which a tensor of shape `to` was broadcast to shape `from`. */
  unbroadcast(a: Term, from: readonly number[], to: readonly number[]): Term {
    const lead = from.length - to.length;
    const axes = from.flatMap((d, i) => (i < lead || (to[i - lead] === 1 && d !== 1) ? [i] : []));
    if (axes.length === 0) return a;
    const summed = this.sum(a, axes, true);
    return lead === 0 ? summed : this.reshape(summed, to);
  }

  #term(a: Term | number): Term {
    return typeof a === 'number' ? this.value(a) : a;
  }

  #binary(op: string, a: Term | number, b: Term | number): Term {
    return this.graph.op(op, [this.#term(a), this.#term(b)]);
  }
}

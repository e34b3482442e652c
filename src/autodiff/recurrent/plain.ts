/** Writes plain operators and notes the shape of each result, which a graph about to be differentiated must know. */
import type { AttributeLike, GraphBuilder } from '../../model/builder.ts';
import type { ValueInfo } from '../../model/graph.ts';
import { emptyData } from '../../model/onnx/dtype.ts';
import { type FloatType, realScalar, sizeOf } from '../../model/tensor.ts';
import type { Term } from '../expressions.ts';

/** A tensor and its static shape. */
export interface Shaped {
  readonly term: Term;
  readonly shape: readonly number[];
}

export class Plain {
  readonly #b: GraphBuilder;
  readonly #values: Map<string, ValueInfo>;
  readonly #dtype: FloatType;
  readonly #splits = new Map<string, readonly Shaped[]>();

  /** @param dtype of all that is written */
  constructor(b: GraphBuilder, values: Map<string, ValueInfo>, dtype: FloatType) {
    this.#b = b;
    this.#values = values;
    this.#dtype = dtype;
  }

  op(
    op: string,
    inputs: readonly Shaped[],
    shape: readonly number[],
    attributes: Record<string, AttributeLike> = {},
    output = this.#b.fresh(op),
  ): Shaped {
    this.#b.op(
      op,
      inputs.map((x) => x.term),
      attributes,
      output,
    );
    return this.#note(output, shape);
  }

  /** Operators that keep the shape of their first input. */
  same(op: string, ...inputs: readonly [Shaped, ...Shaped[]]): Shaped {
    return this.op(op, inputs, inputs[0].shape);
  }

  matmul(a: Shaped, b: Shaped): Shaped {
    return this.op('MatMul', [a, b], [...a.shape.slice(0, -1), b.shape.at(-1)!]);
  }

  transpose(a: Shaped): Shaped {
    return this.op('Transpose', [a], [...a.shape].reverse());
  }

  reshape(a: Shaped, shape: readonly number[], output?: Term): Shaped {
    return this.op('Reshape', [a, this.list(shape)], shape, {}, output);
  }

  concat(parts: readonly Shaped[], axis: number, output?: Term): Shaped {
    const shape = parts[0]!.shape.map((n, i) => (i === axis ? parts.reduce((sum, p) => sum + p.shape[axis]!, 0) : n));
    return this.op('Concat', parts, shape, { axis }, output);
  }

  /** Parts of equal extent along an axis; written once, however often they are asked for. */
  split(a: Shaped, count: number, axis: number): readonly Shaped[] {
    const key = `${a.term} ${count} ${axis}`;
    const known = this.#splits.get(key);
    if (known) return known;
    const extent = a.shape[axis]! / count;
    const shape = a.shape.map((n, i) => (i === axis ? extent : n));
    const outputs = Array.from({ length: count }, () => this.#b.fresh('Split'));
    this.#b.ops('Split', [a.term, this.list(new Array<number>(count).fill(extent)).term], { axis }, outputs);
    const parts = outputs.map((y) => this.#note(y, shape));
    this.#splits.set(key, parts);
    return parts;
  }

  /** Element `i` of the first axis, without that axis. */
  at(a: Shaped, i: number): Shaped {
    const lists = [[i], [i + 1], [0]].map((l) => this.list(l));
    const row = this.op('Slice', [a, ...lists], [1, ...a.shape.slice(1)]);
    return this.reshape(row, a.shape.slice(1));
  }

  where(condition: Shaped, a: Shaped, b: Shaped): Shaped {
    return this.op('Where', [condition, a, b], a.shape);
  }

  /** Between −limit and limit. */
  clip(a: Shaped, limit: number): Shaped {
    return limit === Number.POSITIVE_INFINITY ? a : this.same('Clip', a, this.scalar(-limit), this.scalar(limit));
  }

  scalar(value: number): Shaped {
    return { term: this.#b.initializer(realScalar(value, this.#dtype)), shape: [] };
  }

  /** Where `a` is above `b`. */
  greater(a: Shaped, b: Shaped): Shaped {
    const y = this.same('Greater', a, b);
    this.#values.set(y.term, { name: y.term, dtype: 'bool', shape: y.shape });
    return y;
  }

  /** Integers as numbers of the type that is written. */
  asFloat(a: Shaped): Shaped {
    return this.same('CastLike', a, this.scalar(0));
  }

  zeros(shape: readonly number[]): Shaped {
    const term = this.#b.initializer({ dtype: this.#dtype, shape, data: emptyData(this.#dtype, sizeOf(shape)) });
    return { term, shape };
  }

  list(values: readonly number[]): Shaped {
    return { term: this.#b.constant(values, 'int64'), shape: [values.length] };
  }

  #note(term: Term, shape: readonly number[]): Shaped {
    this.#values.set(term, { name: term, dtype: this.#dtype, shape });
    return { term, shape };
  }
}

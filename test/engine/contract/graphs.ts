/** Small graphs for the contract. */
import { GraphBuilder } from '../../../src/model/builder.ts';
import type { Dim, Graph } from '../../../src/model/graph.ts';
import { type DType, float32, type Tensor } from '../../../src/model/tensor.ts';

/** y = x·w, with x [n, 3] and w fixed. */
export function linear(rows: Dim = 2): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [rows, 3]);
  const w = b.initializer(float32([1, 2, 3, 4, 5, 6], [3, 2]), 'w');
  b.output(b.op('MatMul', [x, w], {}, 'y'), 'float32', [rows, 2]);
  return b.build();
}

export const linearFeed = (): Tensor => float32([1, 0, 0, 0, 1, 0], [2, 3]);
export const linearAnswer = [1, 2, 3, 4];

/** One operator over inputs of one type. */
export function single(op: string, dtype: DType, shape: readonly Dim[], count = 2, result: DType = dtype): Graph {
  const b = new GraphBuilder();
  const inputs = Array.from({ length: count }, (_, i) => b.input(`in${i}`, dtype, shape));
  b.output(b.op(op, inputs, {}, 'out'), result, shape);
  return b.build();
}

/** x ← x·a + 1, and the sum of x: something to carry round. */
export function recurrence(): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [3]);
  const a = b.input('a', 'float32', [1]);
  const next = b.op('Add', [b.op('Mul', [x, a]), b.constant(1)], {}, 'next');
  b.output(next, 'float32', [3]);
  b.output(b.op('ReduceSum', [next], { keepdims: 0 }, 'total'), 'float32', []);
  return b.build();
}

/** A chain of `depth` square products of side `n`: a run whose length is easy to choose. */
export function heavy(n: number, depth: number): Graph {
  const b = new GraphBuilder();
  const x = b.input('x', 'float32', [n, n]);
  let y = x;
  for (let i = 0; i < depth; i++) y = b.op('Tanh', [b.op('MatMul', [y, x])]);
  b.output(b.op('Identity', [y], {}, 'y'), 'float32', [n, n]);
  return b.build();
}

export const heavyFeed = (n: number): Tensor =>
  float32(
    Float32Array.from({ length: n * n }, (_, i) => Math.sin(i)),
    [n, n],
  );

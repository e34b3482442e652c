/** Matrix products. */
import { attrFloat, attrInt } from '../../model/graph.ts';
import type { Term } from '../expressions.ts';
import { type Rule, type RuleContext, rule } from '../rule.ts';
import { finite } from './settled.ts';

/** Swaps the last two axes. */
function transposed({ g }: RuleContext, a: Term, rank: number): Term {
  const perm = Array.from({ length: rank }, (_, i) => i);
  perm.splice(rank - 2, 2, rank - 1, rank - 2);
  return g.transpose(a, perm);
}

/** Y = α A′B′ + β C, where A′ and B′ may be transposed. */
const gemm = rule('Gemm', (c) => {
  const { g, node, dy } = c;
  const factor = (i: number) => finite(c, c.x[i]!);
  const transA = attrInt(node, 'transA', 0);
  const transB = attrInt(node, 'transB', 0);
  const alpha = { float: attrFloat(node, 'alpha', 1) };
  const beta = attrFloat(node, 'beta', 1);
  const product = (a: Term, b: Term, ta: number, tb: number) =>
    g.graph.op('Gemm', [a, b], { alpha, transA: ta, transB: tb });
  return [
    () => (transA ? product(factor(1), dy, transB, 1) : product(dy, factor(1), 0, 1 - transB)),
    () => (transB ? product(dy, factor(0), 1, transA) : product(factor(0), dy, 1 - transA, 0)),
    () => {
      const summed = g.unbroadcast(dy, c.shape(c.y[0]!), c.shape(c.x[2]!));
      return beta === 1 ? summed : g.mul(summed, beta);
    },
  ];
});

/** dA = dY Bᵀ, dB = Aᵀ dY; vectors are matrices of one row or column, batch axes broadcast. */
const matmul = rule('MatMul', (c) => {
  const { g, x, y, dy } = c;
  const a = c.shape(x[0]!);
  const b = c.shape(x[1]!);
  const aMatrix = a.length === 1 ? [1, a[0]!] : a;
  const bMatrix = b.length === 1 ? [b[0]!, 1] : b;
  const batch = c.shape(y[0]!).slice(0, c.shape(y[0]!).length - (a.length > 1 ? 1 : 0) - (b.length > 1 ? 1 : 0));
  const full = [...batch, aMatrix.at(-2)!, bMatrix.at(-1)!];
  const as = (term: Term, from: readonly number[], to: readonly number[]) =>
    from.length === to.length ? term : g.reshape(term, to);
  const d = as(dy, c.shape(y[0]!), full);
  const back = (term: Term, matrix: readonly number[], target: readonly number[]) => {
    const rank = Math.max(full.length, matrix.length);
    const own = [...full.slice(0, rank - 2), ...matrix.slice(-2)];
    return as(g.unbroadcast(term, own, matrix), matrix, target);
  };
  return [
    () => {
      // A batch of rows times one shared matrix: a single product is faster than a broadcast one.
      const other = transposed(c, as(finite(c, x[1]!), b, bMatrix), bMatrix.length);
      return back(g.matmul(d, other), aMatrix, a);
    },
    () => {
      if (bMatrix.length === 2 && aMatrix.length > 2) {
        const rows = g.reshape(finite(c, x[0]!), [-1, aMatrix.at(-1)!]);
        return as(g.graph.op('Gemm', [rows, g.reshape(d, [-1, bMatrix[1]!])], { transA: 1 }), bMatrix, b);
      }
      const other = transposed(c, as(finite(c, x[0]!), a, aMatrix), aMatrix.length);
      return back(g.matmul(other, d), bMatrix, b);
    },
  ];
});

export const linearRules: readonly Rule[] = [gemm, matmul];

/** Matrix products. */
import { product, type Sweep } from '../variant.ts';

const gemm = product(
  [7, 11, 22],
  {
    transA: [0, 1],
    transB: [0, 1],
    scaled: [false, true],
    bias: [undefined, [], [4], [1], [1, 4], [2, 1], [2, 4]],
    constant: [false, true],
  },
  ({ opset, transA, transB, scaled, bias, constant }) => {
    if (opset < 11 && bias === undefined) return undefined;
    const factors = scaled ? { alpha: { float: 0.7 }, beta: { float: -1.3 } } : {};
    return (s) => {
      const a = s.real(transA ? [3, 2] : [2, 3]);
      const b = s.either(constant, transB ? [4, 3] : [3, 4]);
      s.node('Gemm', bias ? [a, b, s.either(constant, bias)] : [a, b], { transA, transB, ...factors });
    };
  },
);

const matmul = product(
  [7, 9, 13, 22],
  {
    shapes: [
      [
        [2, 3],
        [3, 4],
      ],
      [[3], [3]],
      [[3], [3, 4]],
      [[2, 3], [3]],
      [
        [2, 2, 3],
        [3, 4],
      ],
      [
        [2, 2, 3],
        [2, 3, 4],
      ],
      [
        [2, 2, 3],
        [1, 3, 4],
      ],
      [
        [2, 3],
        [2, 3, 4],
      ],
      [[3], [2, 3, 4]],
      [[2, 2, 3], [3]],
      [
        [2, 1, 2, 3],
        [3, 3, 2],
      ],
      [
        [1, 3, 1, 3],
        [2, 1, 3, 2],
      ],
      [
        [1, 3],
        [3, 1],
      ],
    ],
    constant: ['none', 'left', 'right'],
  },
  ({ shapes: [a, b], constant }) =>
    (s) =>
      s.node('MatMul', [s.either(constant === 'left', a!), s.either(constant === 'right', b!)]),
);

/** Equations with the shapes of their operands. */
const sums: readonly (readonly [string, ...(readonly number[])[]])[] = [
  ['ij,jk->ik', [2, 3], [3, 2]],
  ['ij,jk', [2, 3], [3, 2]],
  ['ji,jk', [2, 3], [2, 2]],
  ['ij->ji', [2, 3]],
  ['ij->', [2, 3]],
  ['ij->i', [2, 3]],
  ['ba', [2, 3]],
  ['ii->i', [3, 3]],
  ['ii', [3, 3]],
  ['iji->j', [2, 3, 2]],
  ['i,j->ij', [2], [3]],
  ['i,i', [3], [3]],
  ['bij,bjk->bik', [2, 2, 3], [2, 3, 2]],
  ['bhqd,bhkd->bhqk', [1, 2, 2, 3], [1, 2, 3, 3]],
  ['...ij,...jk->...ik', [2, 2, 3], [2, 3, 2]],
  ['...ij,jk->...ik', [2, 2, 3], [3, 2]],
  ['...i,...i->...', [2, 3], [1, 3]],
  ['...ij->...ji', [2, 2, 3]],
  ['i...->...', [2, 3, 2]],
  ['...ii->...i', [2, 3, 3]],
  ['ij,jk,kl->il', [2, 3], [3, 2], [2, 2]],
  ['ij,ij,ij->', [2, 2], [2, 2], [2, 2]],
  ['ij,j->i', [2, 3], [3]],
  ['ij,kj->k', [2, 3], [2, 3]],
  ['Ij,jK->IK', [2, 3], [3, 2]],
  [' i j , j k -> k i ', [2, 3], [3, 2]],
  ['ij,j->ij', [1, 3], [3]],
  ['ij,ij->i', [2, 3], [2, 1]],
  ['ij,ij->', [2, 1], [2, 3]],
];

const einsum = product([12, 22], { sum: sums }, ({ sum: [equation, ...shapes] }) => (s) => {
  s.node(
    'Einsum',
    shapes.map((shape) => s.real(shape)),
    { equation },
  );
});

/** Axes of extent 1 that broadcast. */
const broadcastSums = product(
  [12, 22],
  {
    sum: [
      ['ij,ij->ij', [1, 3], [2, 3]],
      ['ij,ij->j', [2, 1], [2, 3]],
      ['ij,ij,j->i', [1, 3], [2, 1], [3]],
      ['...ij,...jk->...ik', [2, 1, 2, 3], [3, 3, 2]],
    ] as typeof sums,
  },
  ({ sum: [equation, ...shapes] }) => ({
    write: (s) => {
      const inputs = shapes.map((shape) => s.real(shape));
      s.node('Einsum', inputs, { equation });
    },
    ...(equation.includes('...')
      ? { refused: 'no broadcast within an ellipsis' }
      : { unruled: 'inferred otherwise than computed' }),
  }),
);

export const linear: Sweep = { Einsum: [...einsum, ...broadcastSums], Gemm: gemm, MatMul: matmul };

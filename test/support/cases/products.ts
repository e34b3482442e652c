import type { CaseGenerator } from './sketch.ts';

const gemm: CaseGenerator = (s) => {
  const [m, k, n] = s.ints(3, 1, 5) as [number, number, number];
  const transA = s.int(0, 1);
  const transB = s.int(0, 1);
  const a = s.real(transA ? [k, m] : [m, k]);
  const b = s.weight(transB ? [n, k] : [k, n]);
  const c = s.bool() ? [s.weight(s.pick([[n], [m, n], [1, n], [m, 1], [1], []]))] : [];
  const scales = s.bool() ? { alpha: { float: 0.5 }, beta: { float: 1.5 } } : {};
  s.node('Gemm', [a, b, ...c], { transA, transB, ...scales });
};

const matmul: CaseGenerator = (s) => {
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const batch = s.shape(0, 2, 3);
  s.node('MatMul', [s.real([...s.broadcastable(batch), m, k]), s.weight([...batch, k, n])]);
};

const matmulLeftBatch: CaseGenerator = (s) => {
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const batch = s.shape(1, 2, 3);
  s.node('MatMul', [s.real([...batch, m, k]), s.weight([...s.broadcastable(batch), k, n])]);
};

const vectors: CaseGenerator = (s) => {
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const left = s.pick([[k], [m, k], [2, m, k]]);
  const right = left.length === 1 ? s.pick([[k], [k, n], [2, k, n]]) : [k];
  s.node('MatMul', [s.real(left), s.weight(right)]);
};

const equations: readonly (readonly [string, readonly string[]])[] = [
  ['ij,jk->ik', ['ij', 'jk']],
  ['bij,bkj->bik', ['bij', 'bkj']],
  ['bhid,bhjd->bhij', ['bhid', 'bhjd']],
  ['ij->ji', ['ij']],
  ['ijk->ik', ['ijk']],
  ['i,j->ij', ['i', 'j']],
  ['ij,jk', ['ij', 'jk']],
  ['ii->i', ['ii']],
  ['ij,ij->', ['ij', 'ij']],
  ['ij,k->k', ['ij', 'k']],
];

const einsum: CaseGenerator = (s) => {
  const [equation, terms] = s.pick(equations);
  const size = new Map([...new Set(terms.join(''))].map((label) => [label, s.int(1, 4)]));
  s.node(
    'Einsum',
    terms.map((term) => s.real([...term].map((label) => size.get(label)!))),
    { equation },
  );
};

/** An ellipsis stands for the leading axes. */
const einsumBatched: CaseGenerator = (s) => {
  const batch = s.shape(0, 2, 3);
  const [m, k, n] = s.ints(3, 1, 4) as [number, number, number];
  const left = s.real([...batch, m, k]);
  if (s.bool()) return s.node('Einsum', [left], { equation: '...ij->...ji' });
  return s.node('Einsum', [left, s.weight([...batch, k, n])], { equation: '...ij,...jk->...ik' });
};

export const productCases: Readonly<Record<string, readonly CaseGenerator[]>> = {
  Gemm: [gemm],
  MatMul: [matmul, matmulLeftBatch, vectors],
  Einsum: [einsum, einsumBatched],
};

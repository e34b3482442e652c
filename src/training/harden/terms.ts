/** What else can be asked of codes while they are learnt, besides that a decoder fails. All are means over a batch. */
import type { Expressions, Term } from '../../autodiff/index.ts';

/** Of a batch of n rows: [n, size]. */
interface RowsOf {
  readonly term: Term;
  readonly n: number;
  readonly size: number;
}

/** Below it a variance counts as none, in units of codes. */
const leastVariance = 1e-4;

/**
 * Conditional entropy: log of how far codes of one answer are apart, mean over elements, against the step of the rounding. What a
 * code tells beyond the answer is bounded by it (Xia et al. 2025, CEM, with one Gaussian an answer).
 * @param shares of each answer for each row, [n, answers]: the undefended model's probabilities
 */
export function conditionalEntropy(g: Expressions, codes: RowsOf, shares: Term, levels: number): Term {
  const { term, n, size } = codes;
  const weight = g.add(g.sum(shares, [0], true), 1e-6);
  const means = g.matmul(g.transpose(g.div(shares, weight), [1, 0]), term);
  const apart = g.square(g.sub(term, g.matmul(shares, means)));
  const variance = g.mul(g.sum(apart, [0]), 1 / n);
  const step = (2 / levels) ** 2 / 12;
  const logs = g.graph.op('Log', [g.add(variance, step + leastVariance)]);
  return g.add(g.mul(g.sum(logs), 0.5 / size), -0.5 * Math.log(step + leastVariance));
}

/** Distance correlation of codes and pictures within a batch, squared, 0 … 1 (Székely et al. 2007; NoPeek: Vepakomma et al. 2020). */
export function distanceCorrelation(g: Expressions, codes: RowsOf, pictures: RowsOf): Term {
  const [a, b] = [codes, pictures].map((rows) => centred(g, distances(g, rows), rows.n)) as [Term, Term];
  const product = g.sum(g.mul(a, b));
  const norm = g.sqrt(g.add(g.mul(g.sum(g.square(a)), g.sum(g.square(b))), 1e-12));
  return g.div(product, norm);
}

function distances(g: Expressions, { term, n }: RowsOf): Term {
  const squares = g.sum(g.square(term), [1]);
  const cross = g.mul(g.matmul(term, g.transpose(term, [1, 0])), -2);
  const all = g.add(g.add(cross, g.reshape(squares, [n, 1])), g.reshape(squares, [1, n]));
  return g.sqrt(g.add(g.max(all, 0), 1e-8));
}

function centred(g: Expressions, d: Term, n: number): Term {
  const rows = g.mul(g.sum(d, [1], true), 1 / n);
  const columns = g.mul(g.sum(d, [0], true), 1 / n);
  return g.add(g.sub(g.sub(d, rows), columns), g.mul(g.sum(d), 1 / (n * n)));
}

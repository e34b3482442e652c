/** A term of a cost: median, ninety-fifth percentile, and where both come from. */
import type { Source } from '../plan/index.ts';
import type { Figure } from '../profile/index.ts';

export interface Term {
  readonly p50: number;
  /** Null where nobody measured it. */
  readonly p95: number | null;
  readonly source: Source;
}

/** For what is not there: nothing scatters less. */
export const none: Term = { p50: 0, p95: 0, source: 'measured' };

const rank: Readonly<Record<Source, number>> = { measured: 0, published: 1, modelled: 2 };

/** A sum is as good as its worst term. */
export const worst = (...all: readonly Source[]): Source =>
  all.reduce((a, b) => (rank[a] >= rank[b] ? a : b), 'measured');

export const certain = (p50: number, source: Source): Term => ({ p50, p95: p50, source });
export const medianOnly = (p50: number, source: Source): Term => ({ p50, p95: null, source });

export const termOf = ({ value, source, spread }: Figure): Term => ({ p50: value, p95: spread?.p95 ?? null, source });

/** Of an amount at a speed; its slow twentieth is the time's worst. */
export const timeAt = ({ value, source, spread }: Figure, amount: number): Term => ({
  p50: (1e3 * amount) / value,
  p95: spread?.p5 ? (1e3 * amount) / spread.p5 : null,
  source,
});

/**
 * Terms one after the other. Medians add; of what a term takes beyond its median in the worst twentieth, terms are taken as
 * independent, so these add in squares. A percentile is told only where every term has one.
 */
export function sum(...terms: readonly Term[]): Term {
  const p50 = terms.reduce((n, t) => n + t.p50, 0);
  let squares: number | null = 0;
  for (const t of terms)
    squares = squares === null || t.p95 === null ? null : squares + Math.max(0, t.p95 - t.p50) ** 2;
  return {
    p50,
    p95: squares === null ? null : p50 + Math.sqrt(squares),
    source: worst(...terms.map((t) => t.source)),
  };
}

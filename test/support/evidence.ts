/** The least protocol that accepts, and audits that meet it. */
import { confidenceFor, parseProtocol } from '../../src/plan/index.ts';

export const leastProtocol = parseProtocol(
  {
    format: 'cutline.protocol/1',
    name: 'least',
    accepts: true,
    victims: 50,
    gallery: 100,
    observations: [1],
    attacks: { 'answer-only': [], 'query-free': [], 'black-box': [], 'white-box': [{ name: 'rmle', iterations: 10 }] },
    confirmation: { victims: 50, candidates: 3, error: 0.025 },
    rules: { worstDecileAbove: null, rank1: null, sameLabel: null },
  },
  'test',
);

/** Whatever an audit did that met it. */
export const met = {
  images: 50,
  observations: 1,
  budgets: { iterations: 10 },
  reidentification: { rank1: 0.01, low: 0, high: 0.05, gallery: 100 },
};

export const victims = { count: 50, sha256: 'e'.repeat(64) };

/** Confirmed by figures of one's choice. */
export const confirmedBy = <R, L>(results: R[], leakage: L[]) => ({
  victims: { count: 50, sha256: 'f'.repeat(64) },
  confidence: confidenceFor(leastProtocol)!,
  results,
  leakage,
});

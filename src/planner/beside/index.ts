/** What stands beside the choice: other ways, what costs alone would choose, a cut of one's own, and the search in few rows. */
import type { Findings } from '../leakage.ts';
import { type SearchResult, search } from '../search.ts';
import { priceAll, type Search } from '../weigh.ts';
import { type Alternatives, alternatives } from './alternatives.ts';
import { type AskedCut, askedCut } from './asked-cut.ts';
import { type Collapsed, collapsed } from './collapse.ts';
import { type CostOnly, costOnly } from './cost-only.ts';

export type { Alternative, Alternatives, Kind } from './alternatives.ts';
export type { AskedCut } from './asked-cut.ts';
export type { Collapsed, Rest, Row } from './collapse.ts';
export type { CostOnly } from './cost-only.ts';

export interface Beside {
  readonly alternatives: Alternatives;
  readonly costOnly: CostOnly;
  /** Of `--at`. */
  readonly asked: AskedCut | undefined;
  readonly collapsed: Collapsed;
}

/** Nothing is attacked for it: what the search has not found out stays unknown. Pure. */
export function besideOf(input: Search, result: SearchResult, findings: Findings): Beside {
  const { at, ...free } = input.thresholds;
  const unbound = at === undefined ? result : search({ ...input, thresholds: free }, findings);
  const { candidates, chosen, pareto } = result;
  const own = candidates.filter((c) => c.cut === at);
  return {
    alternatives: alternatives({ ...input, thresholds: free }, unbound.weighed),
    costOnly: costOnly(input, priceAll(input), chosen, findings),
    asked: at === undefined ? undefined : askedCut(at, own, chosen, unbound, free),
    collapsed: at === undefined ? collapsed(candidates, chosen, pareto) : collapsed(own, chosen, pareto),
  };
}

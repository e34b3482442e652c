/** What `cutline harden` says in the end. */
import type { Leakage } from './judge-hardened.ts';
import { table } from './output.ts';
import type { UtilityKept } from './utility-kept.ts';

export interface HardenResult {
  readonly model: string;
  readonly evidence: string | null;
  readonly cut: string;
  readonly leakage: { readonly before: Leakage | null } | null;
  readonly rates: readonly {
    readonly bits: number;
    readonly utility: UtilityKept;
    readonly leakage: Leakage | null;
  }[];
}

export function hardenText({ model, evidence, cut, leakage, rates }: HardenResult): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  const seen = (l: Leakage | null | undefined) =>
    l
      ? [`${l.ssim.mean.toFixed(3)} [up ${l.ssim.high.toFixed(3)}]`, percent(l.rank1), `${l.attack}, by ${l.protocol}`]
      : ['–', '–', '–'];
  const [first] = rates;
  const kind = first!.utility.kind;
  const figure = (value: number) => (kind === 'cosine' ? value.toFixed(3) : percent(value));
  const lines = table([
    ['bits', kind, 'SSIM of the strongest', 'found again', 'attack'],
    [`none (${cut})`, figure(first!.utility.before), ...seen(leakage?.before)],
    ...rates.map((r) => [String(r.bits), figure(r.utility.after), ...seen(r.leakage)]),
  ]);
  const judged = evidence ? `; evidence in ${evidence}` : '; not judged: no plan takes it without an audit';
  return `${lines}\n\n${model}, cut it at code${judged}`;
}

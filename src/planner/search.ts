/** The search: price every candidate, judge it, choose. Eager when the audit is done, lazy when each audit costs minutes. */
import type { Candidate, CodecName, Thresholds } from '../plan/index.ts';
import { byScore, choose, pareto } from './choose.ts';
import { type ModelFacts, type Option, optionsOf } from './facts.ts';
import { breachesOf, type Priced } from './judge.ts';
import { accuracyOf, type Findings, failureFor, leakageOf, lossOf } from './leakage.ts';
import { type Profiles, price } from './price.ts';
import { leastRelaxation, type Relaxation } from './relax.ts';

export interface Search {
  readonly model: ModelFacts;
  readonly profiles: Profiles;
  /** By cut, `none` among them; noise that is relative to the activation has another scale at every cut. */
  readonly defenses: (cut: string) => readonly string[];
  readonly codecs: readonly CodecName[];
  readonly thresholds: Thresholds;
  /** The broker's limit; the link profile's where this is left out. */
  readonly maxPacketBytes?: number;
}

export interface SearchResult {
  readonly chosen: Candidate | undefined;
  readonly candidates: readonly Candidate[];
  readonly pareto: readonly Candidate[];
  /** The least that has to give way when nothing was chosen. */
  readonly relaxation: Relaxation | undefined;
}

/** Everything that `findings` cannot speak for is refused as not audited. Pure. */
export function search(input: Search, findings: Findings): SearchResult {
  const { thresholds } = input;
  const judged = priceAll(input).map(({ option, cost }) => {
    const priced = withFindings(option, cost, findings, thresholds);
    const failure = failureFor(option.cut.id, option.defense, findings, thresholds.threat);
    const breaches = breachesOf(priced, thresholds, packetLimit(input), failure);
    const candidate = { ...priced, feasible: breaches.length === 0, reasons: breaches.map((b) => b.reason) };
    return { candidate, breaches };
  });
  const candidates = judged.map((j) => j.candidate);
  const chosen = choose(candidates, thresholds);
  // What no change of thresholds can bring about is not on offer.
  const onOffer = judged.filter((j) => j.breaches.every((b) => b.option !== undefined)).map((j) => j.candidate);
  const refusals = judged
    .toSorted((a, b) => byScore(thresholds)(a.candidate, b.candidate))
    .map((j) => ({ label: labelOf(j.candidate), breaches: j.breaches }));
  return {
    chosen,
    candidates,
    pareto: pareto(onOffer),
    relaxation: chosen ? undefined : leastRelaxation(refusals),
  };
}

/** Attacks one cut under one defense, float32 on the wire, in the threat asked for. */
export type AuditCandidate = (cut: string, defense: string, signal?: AbortSignal) => Promise<Findings>;

export interface LazySearchResult extends SearchResult {
  readonly findings: Findings;
  /** Audits of (cut, defense) that were made, and how many more an eager audit would have made. */
  readonly audits: { readonly run: number; readonly saved: number };
}

export interface LazyOptions {
  readonly known?: Findings;
  readonly signal?: AbortSignal;
  readonly onAudit?: (step: { readonly cut: string; readonly defense: string; readonly done: number }) => void;
}

/**
 * Walks the candidates from the cheapest on and attacks only where a candidate meets every other requirement, until one
 * is proven safe. Cost does not depend on leakage, so this chooses what the eager search over a full audit chooses.
 * With `minAccuracy`, `known.wholeAccuracy` has to be given: undefended candidates are not attacked to learn it.
 */
export async function searchLazily(
  input: Search,
  audit: AuditCandidate,
  { known = { leakage: [], results: [] }, signal, onAudit }: LazyOptions = {},
): Promise<LazySearchResult> {
  const { thresholds } = input;
  const limit = packetLimit(input);
  const walk = priceAll(input).sort((a, b) => byScore(thresholds)(a.cost, b.cost));
  const open = new Set(walk.filter(({ option }) => needsAudit(option, known, thresholds)).map(pairOf));
  const eager = open.size;
  let findings = known;
  let run = 0;
  for (const entry of walk) {
    const { option, cost } = entry;
    const priced = withFindings(option, cost, findings, thresholds);
    if (breachesOf(atBest(option, priced), thresholds, limit).length > 0) continue;
    if (needsAudit(option, findings, thresholds) && open.delete(pairOf(entry))) {
      onAudit?.({ cut: option.cut.id, defense: option.defense, done: run });
      findings = merged(findings, await audit(option.cut.id, option.defense, signal), entry);
      run++;
    }
    if (breachesOf(withFindings(option, cost, findings, thresholds), thresholds, limit).length === 0) break;
  }
  return { ...search(input, findings), findings, audits: { run, saved: eager - run } };
}

interface PricedOption {
  readonly option: Option;
  readonly cost: ReturnType<typeof price>;
}

function priceAll({ model, profiles, defenses, codecs }: Search): PricedOption[] {
  return optionsOf(model, defenses, codecs).map((option) => ({ option, cost: price(option, model, profiles) }));
}

function withFindings(option: Option, cost: PricedOption['cost'], findings: Findings, asked: Thresholds): Priced {
  return {
    cut: option.cut.id,
    defense: option.defense,
    codec: option.codec,
    ...cost,
    accuracy: accuracyOf(option, findings),
    leakage: leakageOf(option, findings, asked.threat) ?? null,
  };
}

/** The candidate as if its audit came out perfectly: what is broken then, no audit can mend. */
function atBest(option: Option, c: Priced): Priced {
  const nothing = { mean: 0, low: 0, high: -1 };
  const leakage = c.leakage ?? { threat: 'white-box', attack: 'none', ssim: nothing, images: 0 };
  return { ...c, leakage, accuracy: c.accuracy ?? (auditGivesAccuracy(option) ? 1 : null) };
}

/** An audit measures leakage, and accuracy under a defense, with float32 on the wire. */
function needsAudit(option: Option, findings: Findings, { threat, minAccuracy }: Thresholds): boolean {
  if (!leakageOf(option, findings, threat)) return true;
  return minAccuracy !== undefined && auditGivesAccuracy(option) && accuracyOf(option, findings) === null;
}

function auditGivesAccuracy({ defense, codec }: Option): boolean {
  return defense !== 'none' && lossOf(codec) === 'float32';
}

function pairOf({ option }: { readonly option: Option }): string {
  return `${option.cut.id}\u0000${option.defense}`;
}

/** What was audited anew is known by the new audit. */
function merged(a: Findings, b: Findings, { option }: PricedOption): Findings {
  const before = (a.failed ?? []).filter((f) => f.cut !== option.cut.id || f.defense !== option.defense);
  return {
    ...a,
    ...(b.budget && { budget: b.budget }),
    leakage: [...a.leakage, ...b.leakage],
    results: [...a.results, ...b.results],
    failed: [...before, ...(b.failed ?? [])],
  };
}

function packetLimit({ maxPacketBytes, profiles }: Search): number {
  return maxPacketBytes ?? profiles.link.link?.maxPacketBytes?.value ?? Number.POSITIVE_INFINITY;
}

/** How messages call a candidate. */
export function labelOf({ cut, defense, codec }: Pick<Candidate, 'cut' | 'defense' | 'codec'>): string {
  if (cut === 'output') return 'everything on the device';
  if (cut === 'input') return `everything in the cloud (${codec})`;
  return `cut ${cut}, defense ${defense}, codec ${codec}`;
}

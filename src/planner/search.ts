/** The search: price every candidate, judge it, choose. Eager when the audit is done, lazy when each audit costs minutes. */
import { isLossless } from '../codecs.ts';
import type { Candidate, CodecName } from '../plan/index.ts';
import { byObjective, choose, pareto } from './choose.ts';
import { conflictAmong } from './contradict.ts';
import type { Option } from './facts.ts';
import { breachesOf, type Priced } from './judge.ts';
import { accuracyOf, agreementOf, chargedLeakage, type Findings, openBehind, type UtilityEntry } from './leakage.ts';
import { canGiveWay, leastRelaxation, type Refusal, type Relaxation } from './relax.ts';
import { Confirmations, needsNoEvidence, searchGaps } from './standing.ts';
import {
  breachOf,
  type Judged,
  labelOf,
  type PricedOption,
  packetLimit,
  priceAll,
  type Search,
  standingFor,
  weigh,
  withFindings,
} from './weigh.ts';

/** A candidate as it was judged, with what it was made of. */
export interface Weighed extends Judged {
  readonly option: Option;
}

export interface SearchResult {
  readonly chosen: Candidate | undefined;
  readonly candidates: readonly Candidate[];
  readonly pareto: readonly Candidate[];
  /** The least that has to give way when nothing was chosen. */
  readonly relaxation: Relaxation | undefined;
  /** The fewest requirements that no candidate keeps together, by flag; empty where something was chosen. */
  readonly conflict: readonly string[];
  /** In the order of the candidates. */
  readonly weighed: readonly Weighed[];
}

/** Everything that `findings` cannot speak for is refused as not audited. Pure. */
export function search(input: Search, findings: Findings): SearchResult {
  const { thresholds } = input;
  const confirm = confirmer(input);
  let isConfirmed = false;
  const ranked = priceAll(input)
    .map((entry, index) => ({ ...weigh(input, entry, findings), option: entry.option, index }))
    .sort((a, b) => byObjective(thresholds)(a.candidate, b.candidate))
    .map((entry) => {
      // The cheapest that the search accepts is confirmed, or the next.
      if (isConfirmed || entry.breaches.length > 0) return entry;
      const after = confirm(entry, entry.option, findings);
      isConfirmed = after.breaches.length === 0;
      return { ...entry, ...after };
    });
  const all = ranked.toSorted((a, b) => a.index - b.index);
  const candidates = all.map((j) => j.candidate);
  const chosen = choose(candidates, thresholds);
  // What no change of thresholds or of the protocol's rules can bring about is not on offer.
  const onOffer = all.filter((j) => j.breaches.every(canGiveWay)).map((j) => j.candidate);
  const refusals = chosen ? [] : ranked.map(refusalOf);
  return {
    chosen,
    candidates,
    pareto: pareto(onOffer),
    relaxation: chosen ? undefined : leastRelaxation(refusals),
    conflict: chosen ? [] : conflictAmong(refusals),
    weighed: all,
  };
}

export const refusalOf = ({ candidate, breaches }: Judged): Refusal => ({ label: labelOf(candidate), breaches });

/** Looks at what was held back, for one accepted candidate after another. */
function confirmer({ protocol, thresholds, confirmations: shared }: Search) {
  const confirmations = shared ?? (protocol && new Confirmations(protocol, thresholds));
  return ({ candidate }: Judged, option: Option, findings: Findings): Judged => {
    const gaps = needsNoEvidence(option, thresholds) ? [] : (confirmations?.gaps(option, findings) ?? []);
    const breaches = gaps.map(breachOf);
    const feasible = breaches.length === 0;
    const standing = feasible ? 'safe' : standingFor(breaches);
    return { candidate: { ...candidate, standing, feasible, reasons: breaches.map((b) => b.reason) }, breaches };
  };
}

/** Attacks one cut under one defense, float32 on the wire, in the threat asked for. */
export type AuditCandidate = (cut: string, defense: string, signal?: AbortSignal) => Promise<Findings>;

export interface LazySearchResult extends SearchResult {
  readonly findings: Findings;
  /** Audits of (cut, defense) that were made, and how many more an eager audit would have made. */
  readonly audits: { readonly run: number; readonly saved: number };
}

/** Measures what a codec leaves of the answers: no attack, a few hundred pictures. */
export type MeasureCandidate = (
  cut: string,
  defense: string,
  codec: CodecName,
  signal?: AbortSignal,
) => Promise<UtilityEntry>;

export interface LazyOptions {
  /** Without it what a lossy codec leaves is known from an audit alone. */
  readonly measure?: MeasureCandidate;
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
  { known = { leakage: [], results: [] }, signal, onAudit, measure }: LazyOptions = {},
): Promise<LazySearchResult> {
  const { thresholds } = input;
  const limit = packetLimit(input);
  const walk = priceAll(input).sort((a, b) => byObjective(thresholds)(a.cost, b.cost));
  const open = new Set(walk.filter(({ option }) => needsAudit(input, option, known)).map(pairOf));
  const eager = open.size;
  let findings = known;
  let run = 0;
  const confirm = confirmer(input);
  for (const entry of walk) {
    const { option, cost } = entry;
    const isHopeless = () => {
      const priced = withFindings(input, option, cost, findings);
      return breachesOf(atBest(option, priced, !!measure), option.cut, thresholds, limit).length > 0;
    };
    if (isHopeless()) continue;
    if (measure && needsMeasure(input, option, findings)) {
      const found = await measure(option.cut.id, option.defense, option.codec, signal);
      findings = { ...findings, utility: [...(findings.utility ?? []), found] };
      // Measuring costs seconds and an attack minutes.
      if (isHopeless()) continue;
    }
    if (needsAudit(input, option, findings) && open.delete(pairOf(entry))) {
      onAudit?.({ cut: option.cut.id, defense: option.defense, done: run });
      findings = merged(findings, await audit(option.cut.id, option.defense, signal), entry);
      run++;
    }
    const found = weigh(input, entry, findings);
    if (found.breaches.length === 0 && confirm(found, option, findings).breaches.length === 0) break;
  }
  return { ...search(input, findings), findings, audits: { run, saved: eager - run } };
}

/** The candidate as if its audit came out perfectly: what is broken then, no audit can mend. */
function atBest(option: Option, c: Priced, measures: boolean): Priced {
  const nothing = { mean: 0, low: 0, high: -1 };
  const leakage = c.leakage ?? { threat: 'white-box', attack: 'none', ssim: nothing, images: 0 };
  const utility = measures || auditGivesUtility(option) ? 1 : null;
  return { ...c, leakage, accuracy: c.accuracy ?? utility, agreement: c.agreement ?? utility };
}

/** An audit measures leakage, and accuracy under a defense, with float32 on the wire. */
function needsAudit(input: Search, option: Option, findings: Findings): boolean {
  const { thresholds, shows, protocol } = input;
  const { threat, minAccuracy, minAgreement } = thresholds;
  // What is open behind it is open here.
  if (openBehind(option, findings, thresholds, shows)) return false;
  if (!chargedLeakage(option, findings, threat)) return true;
  if (protocol && !needsNoEvidence(option, thresholds)) {
    if (searchGaps(option, findings, protocol, thresholds).some((g) => g.kind === 'less')) return protocol.accepts;
  }
  if (!auditGivesUtility(option)) return false;
  const unknown = [
    minAccuracy !== undefined && accuracyOf(option, findings),
    minAgreement !== undefined && agreementOf(option, findings),
  ];
  return unknown.includes(null);
}

/** What is asked for is not known of it, and no audit will tell. */
function needsMeasure({ thresholds: t }: Search, option: Option, findings: Findings): boolean {
  if (option.cut.id === 'output' || isLossless(option.codec)) return false;
  // Measured, and there were no labels or scores: asking again tells no more.
  const { utility = [] } = findings;
  const same = (u: UtilityEntry) => u.cut === option.cut.id && u.defense === option.defense && u.codec === option.codec;
  if (utility.some(same)) return false;
  return (
    (t.minAccuracy !== undefined && accuracyOf(option, findings) === null) ||
    (t.minAgreement !== undefined && agreementOf(option, findings) === null)
  );
}

function auditGivesUtility({ defense, codec }: Option): boolean {
  return defense !== 'none' && isLossless(codec);
}

function pairOf({ option }: { readonly option: Option }): string {
  return `${option.cut.id}\u0000${option.defense}`;
}

/** What was audited anew is known by the new audit. */
export function merged(a: Findings, b: Findings, { option }: Pick<PricedOption, 'option'>): Findings {
  const before = (a.failed ?? []).filter((f) => f.cut !== option.cut.id || f.defense !== option.defense);
  return {
    ...a,
    ...(b.budget && { budget: b.budget }),
    leakage: [...a.leakage, ...b.leakage],
    results: [...a.results, ...b.results],
    skipped: [...(a.skipped ?? []), ...(b.skipped ?? [])],
    confirmation: mergedConfirmation(a.confirmation, b.confirmation),
    failed: [...before, ...(b.failed ?? [])],
  };
}

/** Of the same victims; of others, what was attacked last counts. */
function mergedConfirmation(a: Findings['confirmation'], b: Findings['confirmation']): Findings['confirmation'] {
  if (!a || !b || a.victims.sha256 !== b.victims.sha256 || a.confidence !== b.confidence) return b ?? a;
  return { ...a, results: [...a.results, ...b.results], leakage: [...a.leakage, ...b.leakage] };
}

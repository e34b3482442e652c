/** The search: price every candidate, judge it, choose. Eager when the audit is done, lazy when each audit costs minutes. */
import { isLossless } from '../codecs.ts';
import type { Candidate, CodecName, Gap, Protocol, Standing, Thresholds } from '../plan/index.ts';
import type { Shows } from '../privacy/mechanisms/index.ts';
import { byObjective, choose, pareto } from './choose.ts';
import { type ModelFacts, type Option, optionsOf } from './facts.ts';
import { type Breach, breachesOf, type Priced } from './judge.ts';
import { accuracyOf, agreementOf, chargedLeakage, type Findings, failureAt, openBehind } from './leakage.ts';
import { type Profiles, price } from './price.ts';
import { canGiveWay, leastRelaxation, type Relaxation } from './relax.ts';
import { Confirmations, needsNoEvidence, searchGaps } from './standing.ts';

export interface Search {
  readonly model: ModelFacts;
  readonly profiles: Profiles;
  /** By cut, `none` among them; noise that is relative to the activation has another scale at every cut. */
  readonly defenses: (cut: string) => readonly string[];
  readonly codecs: readonly CodecName[];
  readonly thresholds: Thresholds;
  /** What the evidence is held against; null where thresholds alone decide. */
  readonly protocol: Protocol | null;
  /** Which releases can be made from which: what is known of one holds for all that show it. Default: none. */
  readonly shows?: Shows;
  /** Bits of a message where what is sent is discrete. Default: nothing caps them. */
  readonly caps?: (option: Option) => number | null;
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
  const confirm = confirmer(input);
  let isConfirmed = false;
  const ranked = priceAll(input)
    .map((entry, index) => ({ ...judged(input, entry, findings), option: entry.option, index }))
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
  const refusals = ranked.map((j) => ({ label: labelOf(j.candidate), breaches: j.breaches }));
  return {
    chosen,
    candidates,
    pareto: pareto(onOffer),
    relaxation: chosen ? undefined : leastRelaxation(refusals),
  };
}

/** Looks at what was held back, for one accepted candidate after another. */
function confirmer({ protocol, thresholds }: Search) {
  const confirmations = protocol && new Confirmations(protocol, thresholds);
  return ({ candidate }: Judged, option: Option, findings: Findings): Judged => {
    const gaps = needsNoEvidence(option, thresholds) ? [] : (confirmations?.gaps(option, findings) ?? []);
    const breaches = gaps.map(breachOf);
    const feasible = breaches.length === 0;
    const standing = feasible ? 'safe' : standingFor(breaches);
    return { candidate: { ...candidate, standing, feasible, reasons: breaches.map((b) => b.reason) }, breaches };
  };
}

interface Judged {
  readonly candidate: Candidate;
  readonly breaches: readonly Breach[];
}

/** By what the search may see. */
function judged(input: Search, { option, cost }: PricedOption, findings: Findings): Judged {
  const { thresholds } = input;
  const priced = withFindings(input, option, cost, findings);
  const failure = failureAt(option.cut.id, option.defense, findings, thresholds.threat);
  const own = breachesOf(priced, option.cut, thresholds, packetLimit(input), failure);
  const breaches = [...own, ...protocolBreaches(input, option, findings, own)];
  const feasible = breaches.length === 0;
  const sure = option.cut.id === 'output' || input.protocol === null;
  const standing = feasible ? (sure ? 'safe' : 'accepted') : standingFor(breaches);
  return { candidate: { ...priced, standing, feasible, reasons: breaches.map((b) => b.reason) }, breaches };
}

function protocolBreaches(
  { protocol, thresholds }: Search,
  option: Option,
  findings: Findings,
  known: readonly Breach[],
): Breach[] {
  if (!protocol || needsNoEvidence(option, thresholds) || known.some((b) => b.unaudited)) return [];
  const said = new Set(known.map((b) => b.option));
  // What is open needs no more attacks.
  const isOpen = known.some((b) => b.leaks);
  return searchGaps(option, findings, protocol, thresholds)
    .filter((g) => !isOpen || g.kind === 'leaks')
    .map(breachOf)
    .filter((b) => b.option === undefined || b.rule !== undefined || !said.has(b.option));
}

function breachOf({ kind, option, rule, asked = 0, needed = 0, reason }: Gap): Breach {
  return {
    option,
    asked,
    needed,
    reason,
    ...(rule && { rule }),
    ...(kind === 'less' ? { unaudited: true, screened: true } : { leaks: true }),
  };
}

/** Of a candidate that is refused for these; what breaks other demands is as safe as its evidence says. */
function standingFor(breaches: readonly Breach[]): Standing {
  if (breaches.some((b) => b.leaks)) return 'open';
  if (breaches.some((b) => b.screened)) return 'screened';
  return breaches.some((b) => b.unaudited) ? 'unaudited' : 'accepted';
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
  const walk = priceAll(input).sort((a, b) => byObjective(thresholds)(a.cost, b.cost));
  const open = new Set(walk.filter(({ option }) => needsAudit(input, option, known)).map(pairOf));
  const eager = open.size;
  let findings = known;
  let run = 0;
  const confirm = confirmer(input);
  for (const entry of walk) {
    const { option, cost } = entry;
    const priced = withFindings(input, option, cost, findings);
    if (breachesOf(atBest(option, priced), option.cut, thresholds, limit).length > 0) continue;
    if (needsAudit(input, option, findings) && open.delete(pairOf(entry))) {
      onAudit?.({ cut: option.cut.id, defense: option.defense, done: run });
      findings = merged(findings, await audit(option.cut.id, option.defense, signal), entry);
      run++;
    }
    const found = judged(input, entry, findings);
    if (found.breaches.length === 0 && confirm(found, option, findings).breaches.length === 0) break;
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

function withFindings(
  { thresholds, shows, caps }: Search,
  option: Option,
  cost: PricedOption['cost'],
  findings: Findings,
): Priced {
  return {
    cut: option.cut.id,
    defense: option.defense,
    codec: option.codec,
    ...cost,
    bitsCap: caps?.(option) ?? null,
    accuracy: accuracyOf(option, findings),
    agreement: agreementOf(option, findings),
    leakage:
      chargedLeakage(option, findings, thresholds.threat, shows) ??
      openBehind(option, findings, thresholds, shows) ??
      null,
  };
}

/** The candidate as if its audit came out perfectly: what is broken then, no audit can mend. */
function atBest(option: Option, c: Priced): Priced {
  const nothing = { mean: 0, low: 0, high: -1 };
  const leakage = c.leakage ?? { threat: 'white-box', attack: 'none', ssim: nothing, images: 0 };
  const utility = auditGivesUtility(option) ? 1 : null;
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

function auditGivesUtility({ defense, codec }: Option): boolean {
  return defense !== 'none' && isLossless(codec);
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

function packetLimit({ maxPacketBytes, profiles }: Search): number {
  return maxPacketBytes ?? profiles.link.link?.maxPacketBytes?.value ?? Number.POSITIVE_INFINITY;
}

/** How messages call a candidate. */
export function labelOf({ cut, defense, codec }: Pick<Candidate, 'cut' | 'defense' | 'codec'>): string {
  if (cut === 'output') return 'everything on the device';
  if (cut === 'input') return `everything in the cloud (${codec})`;
  return `cut ${cut}, defense ${defense}, codec ${codec}`;
}

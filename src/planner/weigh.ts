/** One candidate weighed: its cost, what is known to leak there, and what of the requirements it breaks. Pure. */
import type { Candidate, CodecName, Cost, Gap, Protocol, Standing, Thresholds } from '../plan/index.ts';
import type { Shows } from '../privacy/mechanisms/index.ts';
import { cloudMsOf } from './choose.ts';
import { lengthBitsOf, type ModelFacts, memoryBytesOf, type Option, optionsOf } from './facts.ts';
import { type Breach, breachesOf, type Priced } from './judge.ts';
import { accuracyOf, agreementOf, chargedLeakage, type Findings, failureAt, openBehind } from './leakage.ts';
import { type Profiles, price } from './price.ts';
import { loaded } from './queue/loaded.ts';
import { type Confirmations, needsNoEvidence, searchGaps } from './standing.ts';

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
  /** Shared by all searches for one plan; each its own by default. */
  readonly confirmations?: Confirmations | undefined;
  /** The broker's limit; the link profile's where this is left out. */
  readonly maxPacketBytes?: number;
}

export interface PricedOption {
  readonly option: Option;
  readonly cost: ReturnType<typeof price>;
}

/** With what waits, where a rate is asked for. */
export function priceOf(
  { model, profiles, thresholds }: Pick<Search, 'model' | 'profiles' | 'thresholds'>,
  option: Option,
): Cost {
  return loaded(price(option, model, profiles), option.cut, profiles, thresholds.load);
}

export function priceAll(input: Search): PricedOption[] {
  const { model, defenses, codecs } = input;
  return optionsOf(model, defenses, codecs).map((option) => ({ option, cost: priceOf(input, option) }));
}

export function withFindings(
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
    lengthBits: lengthBitsOf(option.codec, option.cut),
    cloudMs: cloudMsOf(cost),
    memoryBytes: memoryBytesOf(option.cut),
    accuracy: accuracyOf(option, findings),
    agreement: agreementOf(option, findings),
    leakage:
      chargedLeakage(option, findings, thresholds.threat, shows) ??
      openBehind(option, findings, thresholds, shows) ??
      null,
  };
}

export interface Judged {
  readonly candidate: Candidate;
  readonly breaches: readonly Breach[];
}

/** By what the search may see. */
export function weigh(input: Search, { option, cost }: PricedOption, findings: Findings): Judged {
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

export function breachOf({ kind, option, rule, asked = 0, needed = 0, reason }: Gap): Breach {
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
export function standingFor(breaches: readonly Breach[]): Standing {
  if (breaches.some((b) => b.leaks)) return 'open';
  if (breaches.some((b) => b.screened)) return 'screened';
  return breaches.some((b) => b.unaudited) ? 'unaudited' : 'accepted';
}

export function packetLimit({ maxPacketBytes, profiles }: Search): number {
  return maxPacketBytes ?? profiles.link.link?.maxPacketBytes?.value ?? Number.POSITIVE_INFINITY;
}

/** How messages call a candidate. */
export function labelOf({ cut, defense, codec }: Pick<Candidate, 'cut' | 'defense' | 'codec'>): string {
  if (cut === 'output') return 'everything on the device';
  if (cut === 'input') return `everything in the cloud (${codec})`;
  return `cut ${cut}, defense ${defense}, codec ${codec}`;
}

/** What an observer gets from a candidate, by the strongest attack that was measured. Not measured is not safe. */

import { encodingOf, isLossless } from '../codecs.ts';
import type { CodecName, Leakage, Threat, Thresholds } from '../plan/index.ts';
import type { Release, Shows } from '../privacy/mechanisms/index.ts';
import { canMount, decisiveFailure } from '../threats.ts';
import type { ConfirmationEntries, FailedEntry, LeakageEntry, ResultEntry, SkippedEntry } from './audit.ts';
import type { Option } from './facts.ts';

export interface Findings {
  readonly leakage: readonly LeakageEntry[];
  readonly results: readonly ResultEntry[];
  /** Attacks that found nothing out: what they were to measure is not known. */
  readonly failed?: readonly FailedEntry[];
  readonly skipped?: readonly SkippedEntry[];
  /** The same attacks on victims that the search does not see. */
  readonly confirmation?: ConfirmationEntries | undefined;
  /** What the budget of the audits chose, as it stands in their document. */
  readonly budget?: object;
  /** What codecs leave of the answers, measured apart from attacks. */
  readonly utility?: readonly UtilityEntry[];
  /** What the cloud sees that is sent the picture, by codec. */
  readonly reading?: readonly ReadingEntry[];
  /** Accuracy of the whole model, where somebody measured it apart from the attacks. */
  readonly wholeAccuracy?: number;
}

export interface UtilityEntry {
  readonly cut: string;
  readonly defense: string;
  readonly codec: CodecName;
  /** Shares, 0 … 1; null where there are no labels, or no scores. */
  readonly accuracy: number | null;
  readonly agreement: number | null;
  readonly images: number;
}

export interface ReadingEntry {
  readonly codec: CodecName;
  readonly ssim: Leakage['ssim'];
  readonly images: number;
}

/** Named as the attack where none beat it. */
export const GUESS = 'guess';
/** The attack that sees outputs alone. */
export const FLOOR = 'answer';

/**
 * Undefined when no attack of this very threat was run on this cut and defense, or one that it can mount failed. The leak is the worst over this threat
 * and the weaker ones, which a stronger observer can mount as well. A codec that was not audited itself is charged
 * what float32 leaks: encoding throws information away. Whoever sees nothing can still guess: where no attack does better
 * than that, the guess is the leak, for a failed attack must not make a cut look safer than a blank screen.
 */
export function chargedLeakage(
  { cut, defense, codec }: Option,
  findings: Findings,
  threat: Threat,
  shows?: Shows,
): Leakage | undefined {
  if (cut.id === 'output') return known(threat, 'none', 0);
  if (cut.id === 'input' && defense === 'none') {
    // The picture is seen as what the codec leaves of it.
    const read = findings.reading?.find((r) => r.codec === codec);
    return read ? { threat, attack: 'reading', ssim: read.ssim, images: read.images } : known(threat, 'reading', 1);
  }
  if (failureAt(cut.id, defense, findings, threat)) return undefined;
  const here = findings.leakage.filter((e) => e.cut === cut.id && e.defense === defense);
  for (const audited of new Set([encodingOf(codec), 'float32'] as const)) {
    const entries = here.filter((e) => encodingOf(e.codec) === audited);
    if (!entries.some((e) => e.threat === threat)) continue;
    const allowed = entries.filter((e) => canMount(threat, e.threat));
    const behind = shows
      ? findings.leakage.filter((e) => computable(e, { cut: cut.id, defense, codec }, shows, threat))
      : [];
    const worst = [...allowed, ...behind.map(inheritedFrom)].reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a));
    const floor = floorAt(cut.id, defense, findings.results);
    const rest = {
      threat: worst.threat,
      images: worst.images ?? imagesOf(worst, findings.results),
      ...(worst.observations !== undefined && { observations: worst.observations }),
      ...(worst.inherited && { inherited: worst.inherited }),
      ...(floor && { floor }),
      ...(worst.overAnswer && { overAnswer: worst.overAnswer }),
      ...(audited !== encodingOf(codec) && { boundBy: audited }),
    };
    const guess = guessAt(cut.id, defense, findings.results);
    if (guess > worst.ssim.high) return { ...rest, attack: GUESS, ssim: { mean: guess, low: guess, high: guess } };
    return { ...rest, attack: worst.attack, ssim: worst.ssim, ...(worst.psnr && { psnr: worst.psnr }) };
  }
  return undefined;
}

/** What was measured elsewhere, and can be computed from what this release shows. */
function computable(e: LeakageEntry, here: Release, shows: Shows, threat: Threat): boolean {
  const same = e.cut === here.cut && e.defense === here.defense;
  return !same && canMount(threat, e.threat) && shows(here, e);
}

const inheritedFrom = (e: LeakageEntry): LeakageEntry => {
  const { cut, defense, codec } = e;
  return { ...e, inherited: e.inherited ?? { cut, defense, codec } };
};

/**
 * The leak of a candidate that was not attacked itself, where something that can be computed from it is known to leak more than
 * is allowed: that refuses it. Where nothing behind it is open, nothing is known.
 */
export function openBehind(
  { cut, defense, codec }: Option,
  { leakage, results }: Findings,
  { threat, maxSsim }: Pick<Thresholds, 'threat' | 'maxSsim'>,
  shows?: Shows,
): Leakage | undefined {
  if (!shows || cut.id === 'output') return undefined;
  const behind = leakage.filter(
    (e) => e.ssim.high > maxSsim && computable(e, { cut: cut.id, defense, codec }, shows, threat),
  );
  if (behind.length === 0) return undefined;
  const worst = inheritedFrom(behind.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)));
  return {
    threat: worst.threat,
    attack: worst.attack,
    ssim: worst.ssim,
    ...(worst.psnr && { psnr: worst.psnr }),
    images: worst.images ?? imagesOf(worst, results),
    ...(worst.observations !== undefined && { observations: worst.observations }),
    ...(worst.inherited && { inherited: worst.inherited }),
  };
}

/** The failed attack that leaves open what an attacker of this threat gets. */
export function failureAt(
  cut: string,
  defense: string,
  { failed = [] }: Findings,
  threat: Threat,
): FailedEntry | undefined {
  return decisiveFailure({ cut, defense, threat }, failed);
}

/** What is made of the answer alone, by the observer who makes most of it. */
function floorAt(cut: string, defense: string, results: readonly ResultEntry[]): ResultEntry['ssim'] | undefined {
  const answers = results.filter((r) => r.cut === cut && r.defense === defense && r.attack === FLOOR);
  return answers.length > 0 ? answers.reduce((a, b) => (b.ssim.high > a.ssim.high ? b : a)).ssim : undefined;
}

export function guessAt(cut: string, defense: string, results: readonly ResultEntry[]): number {
  const same = results.filter((r) => r.cut === cut && r.defense === defense);
  return Math.max(Number.NEGATIVE_INFINITY, ...same.map((r) => r.baseline?.ssim ?? Number.NEGATIVE_INFINITY));
}

function imagesOf(entry: LeakageEntry, results: readonly ResultEntry[]): number {
  const same = results.filter(
    (r) =>
      r.cut === entry.cut &&
      r.defense === entry.defense &&
      r.codec === entry.codec &&
      r.threat === entry.threat &&
      r.attack === entry.attack,
  );
  return Math.max(0, ...same.map((r) => r.images));
}

function known(threat: Threat, attack: string, ssim: number): Leakage {
  return { threat, attack, ssim: { mean: ssim, low: ssim, high: ssim }, images: 0 };
}

/**
 * Accuracy as the audit measured it. An undefended lossless split answers as the whole model does, wherever it is cut.
 * A lossy codec needs its own measurement: float32's accuracy is no bound for it. Null when nobody measured it.
 */
export function accuracyOf(option: Option, findings: Findings): number | null {
  if (isWhole(option) && findings.wholeAccuracy !== undefined) return findings.wholeAccuracy;
  return leastOf(
    option,
    findings,
    (r) => r.accuracy,
    (u) => u.accuracy,
  );
}

/** Share of the whole model's answers that stay as they are, which needs no labels. */
export function agreementOf(option: Option, findings: Findings): number | null {
  return isWhole(option)
    ? 1
    : leastOf(
        option,
        findings,
        (r) => r.utility?.agreement?.share,
        (u) => u.agreement,
      );
}

const isWhole = ({ defense, codec }: Option): boolean => defense === 'none' && isLossless(codec);

function leastOf(
  option: Option,
  { results, utility = [] }: Findings,
  of: (result: ResultEntry) => number | null | undefined,
  ofUtility: (entry: UtilityEntry) => number | null,
): number | null {
  const { cut, defense, codec } = option;
  const own = utility.filter(
    (u) => u.cut === cut.id && u.defense === defense && encodingOf(u.codec) === encodingOf(codec),
  );
  const measured = own.flatMap((u) => ofUtility(u) ?? []);
  if (measured.length > 0) return Math.min(...measured);
  const loses = (other: ResultEntry['codec']) =>
    isLossless(codec) ? isLossless(other) : encodingOf(other) === encodingOf(codec);
  const same = results.filter((r) => r.defense === defense && loses(r.codec) && (isWhole(option) || r.cut === cut.id));
  const known = same.flatMap((r) => of(r) ?? []);
  return known.length > 0 ? Math.min(...known) : null;
}

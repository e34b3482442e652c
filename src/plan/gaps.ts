/**
 * The rules by which evidence lets a plan through: one place for the search, the confirmation, the device that verifies, and a
 * browser that plans again. Pure.
 */
import type { Evidence } from './evidence.ts';
import type { Protocol } from './protocol.ts';
import { shortfalls } from './shortfalls.ts';

export interface Demand {
  /** Pictures that must have been attacked. */
  readonly victims: number;
  readonly maxSsim: number;
  readonly maxGain?: number | undefined;
}

/** A rule of a protocol, by the name it has there. */
export interface BrokenRule {
  readonly name: keyof Protocol['rules'];
  readonly protocol: string;
}

/** Why an entry does not let a plan through. */
export interface Gap {
  /** `less`: the audit did less than the protocol asks for, more of it may help. `leaks`: it found too much. */
  readonly kind: 'less' | 'leaks';
  readonly option?: 'max-ssim' | 'max-gain';
  /** Of the protocol, where that is broken; without an option nothing but the protocol could give way, and asked and needed are shares. */
  readonly rule?: BrokenRule;
  readonly asked?: number;
  readonly needed?: number;
  /** A sentence. */
  readonly reason: string;
}

type Judged = Omit<
  Evidence,
  'confirmation' | 'auditSha256' | 'dataSha256' | 'victimsSha256' | 'seed' | 'protocol' | 'hop'
>;

/** Holds the figures of one observer against the protocol's demands and rules, whether they are the search's or confirmed. */
export function gapsOf(entry: Judged, protocol: Protocol, { victims, maxSsim, maxGain }: Demand): Gap[] {
  const gaps: Gap[] = [];
  const less = shortfallsOf(entry, protocol, victims);
  if (!protocol.accepts) {
    gaps.push({
      kind: 'less',
      reason: `Protocol ${protocol.name} can only refuse: what it does not open is screened, not safe.`,
    });
  } else if (less.length > 0) {
    gaps.push({
      kind: 'less',
      reason: `Screened, not safe: protocol ${protocol.name} asks for more (${less.join('; ')}).`,
    });
  }
  const { ssim, strongest, reidentification, sameLabel, overAnswer, observer } = entry;
  const seen = observer.observations > 1 ? ` from ${observer.observations} observations of a scene` : '';
  if (ssim.high > maxSsim) {
    const reason = `${strongest} recovers the picture up to SSIM ${figure(ssim.high)}${seen} (mean ${figure(ssim.mean)} of ${entry.images} images); at most ${figure(maxSsim)} is allowed.`;
    gaps.push({ kind: 'leaks', option: 'max-ssim', asked: maxSsim, needed: ssim.high, reason });
  }
  if (maxGain !== undefined) {
    if (overAnswer === null)
      gaps.push({ kind: 'less', reason: 'What it shows over the answer is not known: no answer attack was run.' });
    else if (overAnswer.high > maxGain) {
      const reason = `${strongest} gains up to SSIM ${figure(overAnswer.high)} over the answer${seen}; at most ${figure(maxGain)} is allowed.`;
      gaps.push({ kind: 'leaks', option: 'max-gain', asked: maxGain, needed: overAnswer.high, reason });
    }
  }
  const { worstDecileAbove, rank1, sameLabel: mostSame } = protocol.rules;
  // As the needed threshold is told: a sum would round otherwise.
  if (worstDecileAbove !== null && ssim.worstDecile !== undefined && ssim.worstDecile - worstDecileAbove > maxSsim) {
    const reason = `The worst tenth of the victims is recovered up to SSIM ${figure(ssim.worstDecile)}${seen}; protocol ${protocol.name} allows ${figure(maxSsim + worstDecileAbove)}.`;
    gaps.push({
      kind: 'leaks',
      option: 'max-ssim',
      asked: maxSsim,
      needed: ssim.worstDecile - worstDecileAbove,
      rule: { name: 'worstDecileAbove', protocol: protocol.name },
      reason,
    });
  }
  if (rank1 !== null) {
    if (!reidentification)
      gaps.push({ kind: 'less', reason: 'Nobody looked whether reconstructions can be told apart.' });
    else if (reidentification.high > rank1)
      gaps.push(ruled('rank1', 'of reconstructions are told among', reidentification.high, rank1));
  }
  if (mostSame !== null && sameLabel && sameLabel.high > mostSame) {
    gaps.push(ruled('sameLabel', 'of reconstructions keep their label among', sameLabel.high, mostSame));
  }
  return gaps;

  function ruled(name: BrokenRule['name'], what: string, needed: number, asked: number): Gap {
    const { gallery } = reidentification ?? { gallery: entry.images };
    const reason = `Up to ${percent(needed)} ${what} ${gallery} pictures${seen}; protocol ${protocol.name} allows ${percent(asked)}.`;
    return { kind: 'leaks', rule: { name, protocol: protocol.name }, asked, needed, reason };
  }
}

/** What of the protocol's demands on this observer was not met, a phrase each. */
function shortfallsOf(entry: Judged, protocol: Protocol, victims: number): string[] {
  const { threat } = entry.observer;
  return shortfalls({ ...protocol, victims }, threat, {
    victims: entry.images + (entry.missed ?? 0),
    gallery: entry.reidentification?.whole ? protocol.gallery : (entry.reidentification?.gallery ?? 0),
    attacks: entry.attacks.map(({ name, exhausted, inapplicable, usual, settings, ...budgets }) => ({
      name,
      budgets,
      usual,
      settings,
      exhausted,
      inapplicable,
    })),
  });
}

/** Numbers of observations that the protocol asks for and no entry is of. What is the same every time need not be seen twice. */
export function missingObservations(
  protocol: Protocol,
  entries: readonly Pick<Evidence, 'observer' | 'deterministic'>[],
): number[] {
  const asked = entries.every((e) => e.deterministic) ? [1] : protocol.observations;
  return asked.filter((k) => !entries.some((e) => e.observer.observations === k));
}

/** The least confidence of a confirmation, so that all that may be looked at share the error. */
export function confidenceFor({ confirmation }: Protocol): number | undefined {
  // The error is of the upper end alone.
  return confirmation ? 1 - (2 * confirmation.error) / confirmation.candidates : undefined;
}

/** Three significant digits, without exponents. */
const figure = (value: number): string => String(Number(value.toPrecision(3)));
const percent = (share: number): string => `${Math.round(100 * share)} %`;

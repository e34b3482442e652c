/** What a candidate's evidence is worth by the protocol, and the confirmation of what the search accepted. */
import { encodingOf, isLossless } from '../codecs.ts';
import { confidenceFor, type Gap, gapsOf, missingObservations, type Protocol, type Thresholds } from '../plan/index.ts';
import { type Observed, observedAt } from './evidence.ts';
import type { Option } from './facts.ts';
import type { Findings } from './leakage.ts';

/** Nothing is sent, or the owner lets the cloud see everything: no evidence is asked for. */
export const needsNoEvidence = (option: { readonly cut: { readonly id: string } }, { maxSsim }: Thresholds): boolean =>
  option.cut.id === 'output' || maxSsim >= 1;

/** Why the search may not accept a candidate; empty when it may. */
export function searchGaps(option: Option, findings: Findings, protocol: Protocol, asked: Thresholds): Gap[] {
  const entries = observedAt(option, findings, asked.threat);
  return entries.length === 0
    ? []
    : [...unobserved(entries, protocol), ...gapsIn(entries, protocol, asked, protocol.victims)];
}

/** Each reason once: observers differ in figures, and lack the same. */
function gapsIn(entries: readonly Observed[], protocol: Protocol, asked: Thresholds, victims: number): Gap[] {
  const { maxSsim, maxGain } = asked;
  const gaps = entries.flatMap((e) => gapsOf(e, protocol, { victims, maxSsim, maxGain }));
  return gaps.filter((g, i) => gaps.findIndex((other) => other.reason === g.reason) === i);
}

function unobserved(entries: readonly Observed[], protocol: Protocol): Gap[] {
  const missing = missingObservations(protocol, entries);
  if (missing.length === 0 || !protocol.accepts) return [];
  const reason = `Screened, not safe: protocol ${protocol.name} asks for attacks on ${missing.join(' and ')} observations of a scene.`;
  return [{ kind: 'less', reason }];
}

/**
 * Looks at what was held back, for as many candidates as share the protocol's error and no more: what the search accepted is
 * asked in the order of cost, and the first that is confirmed is the plan's.
 */
export class Confirmations {
  readonly #protocol: Protocol;
  readonly #asked: Thresholds;
  readonly #looked = new Set<string>();

  constructor(protocol: Protocol, asked: Thresholds) {
    this.#protocol = protocol;
    this.#asked = asked;
  }

  /** Empty when the candidate is confirmed. */
  gaps(option: Option, { confirmation, skipped = [] }: Findings): Gap[] {
    const protocol = this.#protocol;
    const demanded = protocol.confirmation;
    if (!demanded) return [];
    const less = (reason: string): Gap[] => [{ kind: 'less', reason: `Screened, not safe: ${reason}` }];
    const found = confirmation && observedAt(option, { ...confirmation, skipped }, this.#asked.threat);
    if (!found || found.length === 0) {
      return less(`it was not confirmed on victims that the search never saw, as protocol ${protocol.name} asks.`);
    }
    if (confirmation.victims.count < demanded.victims || confirmation.confidence < confidenceFor(protocol)! - 1e-9) {
      return less(
        `it was confirmed on ${confirmation.victims.count} victims with confidence ${confirmation.confidence}; protocol ${protocol.name} asks for ${demanded.victims} and ${confidenceFor(protocol)!.toFixed(4)}.`,
      );
    }
    // Codecs that lose nothing show the same: one look at the same figures.
    const loss = isLossless(option.codec) ? null : encodingOf(option.codec);
    const key = JSON.stringify([option.cut.id, option.defense, loss]);
    if (!this.#looked.has(key) && this.#looked.size >= demanded.candidates) {
      return less(
        `protocol ${protocol.name} confirms ${demanded.candidates} candidates at most, and those were not confirmed.`,
      );
    }
    this.#looked.add(key);
    return gapsIn(found, protocol, this.#asked, demanded.victims).map((g) => ({
      ...g,
      reason: g.kind === 'leaks' ? `Not confirmed on ${found[0]!.images} fresh victims: ${g.reason}` : g.reason,
    }));
  }
}

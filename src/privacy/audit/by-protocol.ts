/** What an audit does so as to meet a protocol: its attacks with the least budgets it asks for, and whom they attack. */
import type { Dataset } from '../../data/index.ts';
import { CutlineError } from '../../errors.ts';
import { type BudgetKey, confidenceFor, type Protocol, protocolSha256, requiredAttacks } from '../../plan/index.ts';
import type { Threat } from '../attacks/index.ts';
import { type AttackName, attackNames } from './attack-list.ts';
import type { AuditOptions } from './audit.ts';

export type ProtocolSettings = Pick<
  AuditOptions,
  'attacks' | 'images' | 'heldBack' | 'confidence' | 'gallery' | 'observations' | 'protocol'
> & {
  /** The most that any attack of this name must have; undefined where none is asked for. */
  readonly least: (name: AttackName, budget: BudgetKey) => number | undefined;
};

/**
 * @param threat of the observer who is asked for
 * @throws CutlineError PROTOCOL_VICTIMS when there are too few pictures, PROTOCOL_ATTACK for an attack that is not known here
 */
export function byProtocol(protocol: Protocol, threat: Threat, { test, name }: Dataset): ProtocolSettings {
  const required = requiredAttacks(protocol, threat);
  const known = (n: string): n is AttackName => attackNames.some((a) => a === n);
  const attacks = required.map((a) => {
    if (!known(a.name)) {
      throw new CutlineError('PROTOCOL_ATTACK', {
        protocol: protocol.name,
        attack: a.name,
        known: attackNames.join(', '),
      });
    }
    return a.name;
  });
  const { victims, confirmation } = protocol;
  const heldBack = confirmation?.victims ?? 0;
  if (test.count < victims + heldBack) {
    throw new CutlineError('PROTOCOL_VICTIMS', {
      protocol: protocol.name,
      wanted: victims + heldBack,
      parts: `${victims} victims and ${heldBack} to confirm with`,
      name,
      found: test.count,
    });
  }
  return {
    attacks: [...new Set(attacks)],
    images: victims,
    heldBack,
    confidence: confidenceFor(protocol),
    // To be told among fewer is easier: where there are no more, all there are will do.
    gallery: Math.min(Math.max(protocol.gallery, victims + heldBack), test.count),
    observations: protocol.observations,
    protocol: { name: protocol.name, sha256: protocolSha256(protocol) },
    least(attack, budget) {
      const asked = required.filter((a) => a.name === attack).flatMap((a) => a[budget] ?? []);
      return asked.length > 0 ? Math.max(...asked) : undefined;
    },
  };
}

/** The greater of what several attacks that share a setting must have. */
export function leastOf(
  { least }: ProtocolSettings,
  names: readonly AttackName[],
  budget: BudgetKey,
): number | undefined {
  const asked = names.flatMap((name) => least(name, budget) ?? []);
  return asked.length > 0 ? Math.max(...asked) : undefined;
}

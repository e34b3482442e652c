/** The attacks that an attacker can mount, and those that he does mount. */
import { type AttackName, attackFacts, attackNames, mountedUnasked } from '../../attacks.ts';
import { CutlineError } from '../../errors.ts';
import { canMount, type Threat } from '../../threats.ts';

export { type AttackName, attackNames } from '../../attacks.ts';

/** What an attacker of this threat can mount: its own attacks and those of weaker ones. */
export function attacksAllowed(threat: Threat): AttackName[] {
  return attackNames.filter((name) => canMount(threat, attackFacts(name).threat));
}

/** What an attacker of this threat mounts where nobody says what. */
export function defaultAttacks(threat: Threat): AttackName[] {
  const left = [...mountedUnasked('none'), ...(threat === 'white-box' ? mountedUnasked('without-head') : [])];
  return attacksAllowed(threat).filter((name) => !left.includes(name));
}

/** @throws CutlineError ATTACK_NOT_ALLOWED */
export function checkAllowed(names: readonly AttackName[], threat: Threat): void {
  const allowed = attacksAllowed(threat);
  for (const attack of names) {
    if (!allowed.includes(attack)) {
      const needs = attackFacts(attack).threat;
      throw new CutlineError('ATTACK_NOT_ALLOWED', { attack, needs, threat, allowed: allowed.join(', ') || 'none' });
    }
  }
}

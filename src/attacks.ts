/**
 * The attacks there are, by name, with what everybody who chooses among them goes by. A new one is a line here, its file and its
 * export in privacy/attacks/, and its entry in privacy/audit/attack-table.ts.
 */
import type { Threat } from './threats.ts';

interface AttackFacts {
  /** The least that an attacker must have for it. */
  readonly threat: Threat;
  /**
   * Who mounts it where nobody says what: all that can; who does not hold the head, since nobody makes himself a substitute for
   * what he has; or none, for it costs as much as rMLE and finds less than `latent` wherever the attacker owns pictures.
   */
  readonly unasked: 'all' | 'without-head' | 'none';
  /** It first makes what a stronger attacker holds: nobody asks it of one who does, and it may fail where nothing can be made. */
  readonly standsIn?: true;
  /** When it is given up where time is short and several are at hand, 1 first; without it never. */
  readonly givenUp?: 1 | 2 | 3 | 4;
}

/** In the order in which they are mounted: what begins where another ended comes after it. */
export const attacks = {
  rmle: { threat: 'white-box', unasked: 'all' },
  'inverse-network': { threat: 'black-box', unasked: 'all', givenUp: 4 },
  hybrid: { threat: 'white-box', unasked: 'all', givenUp: 3 },
  latent: { threat: 'white-box', unasked: 'all', givenUp: 2 },
  'deep-prior': { threat: 'white-box', unasked: 'none', givenUp: 1 },
  substitute: { threat: 'black-box', unasked: 'without-head', standsIn: true, givenUp: 1 },
  shadow: { threat: 'query-free', unasked: 'all', standsIn: true, givenUp: 1 },
  answer: { threat: 'answer-only', unasked: 'all' },
} as const satisfies Record<string, AttackFacts>;

export type AttackName = keyof typeof attacks;
export const attackNames = Object.keys(attacks) as AttackName[];

export const attackFacts = (name: AttackName): AttackFacts => attacks[name];
export const standIns: ReadonlySet<string> = new Set(attackNames.filter((name) => attackFacts(name).standsIn));

export const mountedUnasked = (by: AttackFacts['unasked']): AttackName[] =>
  attackNames.filter((name) => attackFacts(name).unasked === by);

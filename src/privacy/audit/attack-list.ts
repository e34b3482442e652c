/** The attacks of an audit, by name. */
import { CutlineError } from '../../errors.ts';
import type { Cut } from '../../model/index.ts';
import {
  type Attack,
  hybrid,
  type InverseNetworkOptions,
  inverseNetwork,
  type RmleOptions,
  remembered,
  rmle,
  type Threat,
  threats,
} from '../attacks/index.ts';

/** Each with the least that an attacker must have for it. */
export const attackThreats = {
  rmle: 'white-box',
  'inverse-network': 'black-box',
  hybrid: 'white-box',
} as const satisfies Record<string, Threat>;
export type AttackName = keyof typeof attackThreats;
export const attackNames = Object.keys(attackThreats) as AttackName[];

export interface AttackSettings {
  readonly rmle: Omit<RmleOptions, 'cut'>;
  readonly inverseNetwork?: Partial<Omit<InverseNetworkOptions, 'cut' | 'queries'>> & {
    /** One run for each number; the hybrid begins from that of the most. Default: one run with the default number. */
    readonly queries?: readonly number[] | undefined;
  };
}

/** What an attacker of this threat can mount: its own attacks and those of weaker ones. */
export function attacksAllowed(threat: Threat): AttackName[] {
  return attackNames.filter((name) => threats.indexOf(attackThreats[name]) >= threats.indexOf(threat));
}

/** @throws CutlineError ATTACK_NOT_ALLOWED */
export function checkAllowed(names: readonly AttackName[], threat: Threat): void {
  const allowed = attacksAllowed(threat);
  for (const attack of names) {
    if (!allowed.includes(attack)) {
      const needs = attackThreats[attack];
      throw new CutlineError('ATTACK_NOT_ALLOWED', { attack, needs, threat, allowed: allowed.join(', ') || 'none' });
    }
  }
}

/** In the order of their names in the catalogue: what begins where another ended comes after it. */
export function attacksOn(cut: Cut, names: readonly AttackName[], settings: AttackSettings): Attack[] {
  const { queries, ...own } = settings.inverseNetwork ?? {};
  const decoderSettings = { data: 'same-set', decoder: 'residual', loss: 'mse', ...own } as const;
  const ownRmle = { ...settings.rmle, cut: cut.id };
  const numbers: readonly (number | undefined)[] = queries?.length ? [...queries].sort((a, b) => a - b) : [undefined];
  const inverse = numbers.map((n) => remembered(inverseNetwork({ ...decoderSettings, queries: n, cut: cut.id })));
  return attackNames
    .filter((name) => names.includes(name))
    .flatMap((name): Attack[] => {
      switch (name) {
        case 'rmle':
          return [rmle(ownRmle)];
        case 'inverse-network':
          return inverse;
        case 'hybrid':
          return [hybrid(inverse.at(-1)!, ownRmle)];
        default:
          return name satisfies never;
      }
    });
}

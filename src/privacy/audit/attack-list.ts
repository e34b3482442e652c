/** The attacks of an audit, by name. */

import { CutlineError } from '../../errors.ts';
import { type Cut, encodeModel, modelSha256 } from '../../model/index.ts';
import { canMount } from '../../threats.ts';
import {
  type Attack,
  answer,
  type DeepPriorOptions,
  deepPrior,
  hybrid,
  type InverseNetworkOptions,
  inverseNetwork,
  type KnownGenerators,
  type LatentOptions,
  latent,
  type RmleOptions,
  remembered,
  rmle,
  type ShadowOptions,
  type SubstituteOptions,
  shadow,
  substitute,
  type Threat,
} from '../attacks/index.ts';

/** Each with the least that an attacker must have for it. */
export const attackThreats = {
  rmle: 'white-box',
  'inverse-network': 'black-box',
  hybrid: 'white-box',
  latent: 'white-box',
  'deep-prior': 'white-box',
  substitute: 'black-box',
  shadow: 'query-free',
  answer: 'answer-only',
} as const satisfies Record<string, Threat>;
export type AttackName = keyof typeof attackThreats;
export const attackNames = Object.keys(attackThreats) as AttackName[];

/** Asked for by name only: it costs as much as rMLE and finds less than `latent` wherever the attacker owns pictures. */
const byNameOnly: readonly AttackName[] = ['deep-prior'];
/** Nobody makes himself a substitute for what he holds. */
const standsInForTheHead: readonly AttackName[] = ['substitute'];

export interface AttackSettings {
  /** Of the audit: own generators hang on it alone, so that cuts share one. */
  readonly seed: number;
  /** Attacks that have the same share what they have learnt, whatever else is set. Default: these settings themselves. */
  readonly shared?: object | undefined;
  readonly rmle: Omit<RmleOptions, 'cut'>;
  readonly latent?:
    | (Partial<Omit<LatentOptions, 'training'>> & {
        /** Of an own generator. */
        readonly training?: { readonly pictures?: number; readonly epochs?: number };
      })
    | undefined;
  readonly deepPrior?: DeepPriorOptions | undefined;
  /** Data and queries are those of the inverse network, its descent is rMLE's. */
  readonly substitute?: Partial<Pick<SubstituteOptions, 'structure' | 'inversion' | 'epochs'>> | undefined;
  /** Data: by default those of the inverse network. */
  readonly shadow?: Partial<Omit<ShadowOptions, 'cut'>> | undefined;
  readonly inverseNetwork?: Partial<Omit<InverseNetworkOptions, 'cut' | 'queries'>> & {
    /** One run for each number; the hybrid begins from that of the most. Default: one run with the default number. */
    readonly queries?: readonly number[] | undefined;
  };
}

/** What an attacker of this threat can mount: its own attacks and those of weaker ones. */
export function attacksAllowed(threat: Threat): AttackName[] {
  return attackNames.filter((name) => canMount(threat, attackThreats[name]));
}

/** What an attacker of this threat mounts where nobody says what. */
export function defaultAttacks(threat: Threat): AttackName[] {
  const left = threat === 'white-box' ? [...byNameOnly, ...standsInForTheHead] : byNameOnly;
  return attacksAllowed(threat).filter((name) => !left.includes(name));
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

/** Generators that attacks of one audit have trained. */
const generators = new WeakMap<object, KnownGenerators>();

function latentOn(settings: AttackSettings, keep: Keep): Attack {
  const sharing = settings.shared ?? settings;
  const known = generators.get(sharing) ?? new Map();
  generators.set(sharing, known);
  const options = { data: settings.inverseNetwork?.data ?? 'same-set', ...settings.latent } as const;
  const { generator, ...plain } = options;
  const about = generator && { sha256: modelSha256(encodeModel(generator.graph)), scale: generator.scale };
  return keep(latent({ ...options, training: { ...options.training, seed: settings.seed, known } }), {
    ...plain,
    generator: about,
  });
}

/** Wraps an attack that these options describe completely. */
export type Keep = <A extends Attack>(attack: A, options: object) => A;

/** The strongest of what was measured. */
const shadowDefaults = { structure: 'known', alignment: 'moments', inversion: 'rmle' } as const;

const substituteDefaults = { structure: 'known', inversion: 'auto' } as const;

/** In the order of their names in the catalogue: what begins where another ended comes after it. */
export function attacksOn(cut: Cut, names: readonly AttackName[], settings: AttackSettings, keep: Keep): Attack[] {
  const { queries, ...own } = settings.inverseNetwork ?? {};
  const decoderSettings = { data: 'same-set', decoder: 'residual', loss: 'mse+ssim', ...own } as const;
  const ownRmle = { ...settings.rmle, cut: cut.id };
  const numbers: readonly (number | undefined)[] = queries?.length ? [...queries].sort((a, b) => a - b) : [undefined];
  const inverse = numbers.map((queries) => {
    const options = { ...decoderSettings, queries, cut: cut.id };
    return remembered(keep(inverseNetwork(options), options));
  });
  return attackNames
    .filter((name) => names.includes(name))
    .flatMap((name): Attack[] => {
      switch (name) {
        case 'rmle':
          return [keep(rmle(ownRmle), ownRmle)];
        case 'inverse-network':
          return inverse;
        case 'hybrid':
          return [keep(hybrid(inverse.at(-1)!, ownRmle), { ...decoderSettings, queries: numbers.at(-1), ...ownRmle })];
        case 'latent':
          return [latentOn(settings, keep)];
        case 'deep-prior':
          return [keep(deepPrior(settings.deepPrior), settings.deepPrior ?? {})];
        case 'substitute': {
          const { data } = decoderSettings;
          const common = { data, queries: numbers.at(-1), rmle: settings.rmle, cut: cut.id };
          const options = { ...substituteDefaults, ...settings.substitute, ...common };
          return [keep(substitute(inverse.at(-1)!, options), { ...decoderSettings, ...options })];
        }
        case 'shadow': {
          const options = { ...shadowDefaults, data: decoderSettings.data, ...settings.shadow, cut: cut.id };
          return [keep(shadow(options), options)];
        }
        case 'answer': {
          const options = { data: decoderSettings.data };
          return [keep(answer(options), options)];
        }
        default:
          return name satisfies never;
      }
    });
}

/**
 * The attacks there are, by name, with what everybody who chooses among them goes by, and the options that one of them has to
 * itself. A new one is a line here, its file and its export in privacy/attacks/, and its entry in privacy/audit/attack-table.ts.
 */
import type { Threat } from './threats.ts';

/** As the command line takes it; help, check and the type of its value follow. */
type OwnOption = { readonly describe: string } & (
  | { readonly type: 'number'; readonly whole: readonly [least: number, most: number] }
  | { readonly type: 'string' }
  | { readonly choices: readonly string[]; readonly default?: string }
);

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
  /** By name, as they stand after `--`. What several attacks share is in the command. */
  readonly options?: Readonly<Record<string, OwnOption>>;
}

const structures = ['known', 'paper', 'generated'] as const;
const epochs = [1, 100_000] as const;

/** In the order in which they are mounted: what begins where another ended comes after it. */
export const attacks = {
  rmle: { threat: 'white-box', unasked: 'all' },
  'inverse-network': { threat: 'black-box', unasked: 'all', givenUp: 4 },
  hybrid: { threat: 'white-box', unasked: 'all', givenUp: 3 },
  latent: {
    threat: 'white-box',
    unasked: 'all',
    givenUp: 2,
    options: {
      generator: {
        type: 'string',
        describe: 'For latent: an ONNX file that makes pictures of codes; trained on the attacker’s when left out',
      },
      'generator-makes': {
        choices: ['inputs', 'pixels', 'signed-pixels'],
        describe: 'Its output: network inputs, pixels 0 to 1, or −1 to 1; default as its card says, else inputs',
      },
    },
  },
  'deep-prior': { threat: 'white-box', unasked: 'none', givenUp: 1 },
  substitute: {
    threat: 'black-box',
    unasked: 'without-head',
    standsIn: true,
    givenUp: 1,
    options: {
      'substitute-structure': {
        choices: structures,
        default: 'known',
        describe:
          'What an attacker who makes himself a substitute of the head by asking knows of it: its layers, or nothing',
      },
      'substitute-inversion': {
        choices: ['auto', 'rmle', 'hybrid'],
        default: 'auto',
        describe:
          'Where its descent begins: at grey, where the inverse network ended, or what does better on own pictures',
      },
      'substitute-epochs': {
        type: 'number',
        whole: epochs,
        describe: 'Of the substitute; default by what an epoch costs',
      },
    },
  },
  shadow: {
    threat: 'query-free',
    unasked: 'all',
    standsIn: true,
    givenUp: 1,
    options: {
      'shadow-structure': {
        choices: structures,
        default: 'known',
        describe: 'What a query-free attacker knows of the head: its layers, or nothing (paper: its own cuts only)',
      },
      'shadow-inversion': { choices: ['decoder', 'rmle'], default: 'rmle', describe: 'How the shadow is inverted' },
      alignment: {
        choices: ['none', 'moments'],
        default: 'moments',
        describe: 'Match the shadow to what the cloud has seen',
      },
      'shadow-epochs': { type: 'number', whole: epochs, describe: 'Of the shadow; default by what an epoch costs' },
      shadows: {
        type: 'number',
        whole: [1, 100],
        describe: 'Shadows that are begun; the one goes on that fits best what the cloud sees. Default 4',
      },
    },
  },
  answer: { threat: 'answer-only', unasked: 'all' },
} as const satisfies Record<string, AttackFacts>;

export type AttackName = keyof typeof attacks;
export const attackNames = Object.keys(attacks) as AttackName[];

export const attackFacts = (name: AttackName): AttackFacts => attacks[name];
export const standIns: ReadonlySet<string> = new Set(attackNames.filter((name) => attackFacts(name).standsIn));

export const mountedUnasked = (by: AttackFacts['unasked']): AttackName[] =>
  attackNames.filter((name) => attackFacts(name).unasked === by);

type Value<Option> = Option extends { readonly choices: readonly (infer Choice)[] }
  ? Choice | (Option extends { readonly default: string } ? never : undefined)
  : (Option extends { readonly type: 'number' } ? number : string) | undefined;

/** The values of an attack's own options. */
export type OwnOptions<Name extends AttackName> = (typeof attacks)[Name] extends { readonly options: infer Options }
  ? { readonly [Option in keyof Options]: Value<Options[Option]> }
  : Record<never, never>;

export type OptionsOfAttacks = { readonly [Name in AttackName]: OwnOptions<Name> };

/** The own options of all attacks. */
export const ownOptions: Readonly<Record<string, OwnOption>> = Object.fromEntries(
  attackNames.flatMap((name) => Object.entries(attackFacts(name).options ?? {})),
);

/** Each attack's share of a command's values. */
export function optionsOfAttacks(values: Readonly<Record<string, unknown>>): OptionsOfAttacks {
  const shares = attackNames.map((name) => {
    const own = Object.keys(attackFacts(name).options ?? {});
    return [name, Object.fromEntries(own.map((option) => [option, values[option]]))] as const;
  });
  return Object.fromEntries(shares) as OptionsOfAttacks;
}

/** The attacks on one cut, made as the settings say, and what they cost. */
import { type AttackName, attackNames } from '../../attacks.ts';
import type { Cut } from '../../model/index.ts';
import {
  type Attack,
  type AttackerData,
  type BlackBoxAttack,
  believes,
  inverseNetwork,
  type RmleOptions,
  remembered,
} from '../attacks/index.ts';
import type { AttackSettings, Keep } from './attack-settings.ts';
import { attackTable, decoderDefaults } from './attack-table.ts';
import { differing } from './differing.ts';
import { reckonedOf, type Work, type WorkFacts } from './work.ts';

/** What entries of the table make their attacks of. */
export interface Mounting {
  readonly cut: Cut;
  readonly settings: AttackSettings;
  readonly keep: Keep;
  readonly ownRmle: RmleOptions;
  /** Settings of decoders. */
  readonly decoder: Readonly<Record<string, unknown>> & { readonly data: AttackerData };
  /** One for each number of queries, from the fewest on; others begin from that of the most. */
  readonly inverse: readonly BlackBoxAttack[];
  /** The most queries; undefined where nobody says how many. */
  readonly queries: number | undefined;
}

/** In the order of their names in the catalogue; each tells where it is set otherwise than by default. */
export function attacksOn(cut: Cut, names: readonly AttackName[], settings: AttackSettings, keeping: Keep): Attack[] {
  const keep: Keep = (attack, options) => {
    const settings = differing(options, attackTable[attack.name as AttackName].defaults);
    return { ...keeping(attack, options), ...(settings && { settings }) };
  };
  const { queries, ...own } = settings.inverseNetwork ?? {};
  const decoder = { ...decoderDefaults, ...own };
  const numbers: readonly (number | undefined)[] = queries?.length ? [...queries].sort((a, b) => a - b) : [undefined];
  const inverse = numbers.map((queries) => {
    const options = { ...decoder, queries, cut: cut.id };
    return remembered(keep(inverseNetwork(options), options));
  });
  const { lambdaTv, ...rest } = settings.rmle;
  // To search for λ where statistics are believed is to believe them.
  const ownRmle = { ...rest, ...(!believes(settings.rmle) && { lambdaTv }), cut: cut.id };
  const mounting: Mounting = { cut, settings, keep, ownRmle, decoder, inverse, queries: numbers.at(-1) };
  return attackNames.filter((name) => names.includes(name)).flatMap((name) => attackTable[name].mount(mounting));
}

export function workOf(name: AttackName, facts: WorkFacts, settings: AttackSettings): Work {
  return attackTable[name].work(reckonedOf(facts, settings));
}

/** What an audit tells its attacks. */
import type { Attack, InverseNetworkOptions, RmleOptions } from '../attacks/index.ts';
import type { OwnSettings } from './attack-table.ts';

/** What several attacks go by, and what each has to itself. */
export interface AttackSettings extends OwnSettings {
  /** Of the audit: own generators hang on it alone, so that cuts share one. */
  readonly seed: number;
  /** Attacks that have the same share what they have learnt, whatever else is set. Default: these settings themselves. */
  readonly shared?: object | undefined;
  readonly rmle: Omit<RmleOptions, 'cut'>;
  /** Steps of a descent that has no settings of its own. */
  readonly iterations?: number | undefined;
  /** Share of the usual steps that such a descent takes where nobody says how many. Default 1. */
  readonly effort?: number | undefined;
  readonly inverseNetwork?: Partial<Omit<InverseNetworkOptions, 'cut' | 'queries'>> & {
    /** One run for each number; the hybrid begins from that of the most. Default: one run with the default number. */
    readonly queries?: readonly number[] | undefined;
  };
}

/** Wraps an attack that these options describe completely. */
export type Keep = <A extends Attack>(attack: A, options: object) => A;

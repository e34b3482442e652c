/** What an audit tells its attacks. */
import type {
  Attack,
  InverseNetworkOptions,
  LatentOptions,
  RmleOptions,
  ShadowOptions,
  SubstituteOptions,
} from '../attacks/index.ts';

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
  /** Steps of a descent that has no settings of its own. */
  readonly iterations?: number | undefined;
  /** Share of the usual steps that such a descent takes where nobody says how many. Default 1. */
  readonly effort?: number | undefined;
  /** Data and queries are those of the inverse network, its descent is rMLE's. */
  readonly substitute?: Partial<Pick<SubstituteOptions, 'structure' | 'inversion' | 'epochs'>> | undefined;
  /** Data: by default those of the inverse network. */
  readonly shadow?: Partial<Omit<ShadowOptions, 'cut'>> | undefined;
  readonly inverseNetwork?: Partial<Omit<InverseNetworkOptions, 'cut' | 'queries'>> & {
    /** One run for each number; the hybrid begins from that of the most. Default: one run with the default number. */
    readonly queries?: readonly number[] | undefined;
  };
}

/** Wraps an attack that these options describe completely. */
export type Keep = <A extends Attack>(attack: A, options: object) => A;

/** Each attack as an audit mounts it, what it reckons it to cost, and the settings that one of them has to itself. */
import { type AttackName, attackNames, type OptionsOfAttacks, type OwnOptions } from '../../attacks.ts';
import { encodeModel, modelSha256 } from '../../model/index.ts';
import {
  type Attack,
  answer,
  answerQueries,
  deepPrior,
  deepPriorSteps,
  defaultQueries,
  defaultSteps,
  hybrid,
  type KnownGenerators,
  type LatentOptions,
  latent,
  latentSteps,
  latentTrials,
  ownTraining,
  readGenerator,
  rmle,
  type Settings,
  type ShadowOptions,
  type SubstituteOptions,
  shadow,
  shadowEpochs,
  shadowPictures,
  shadowSteps,
  substitute,
  trainingPlan,
} from '../attacks/index.ts';
import type { AttackSettings, Keep } from './attack-settings.ts';
import { decoderWork, descentWork, once } from './costs.ts';
import type { Mounting } from './mounting.ts';
import {
  comparison,
  descentRate,
  type Reckoned,
  trainingRate,
  type Work,
  type WorkFacts,
  withGradient,
} from './work.ts';

/** What one attack alone is told, by its name. */
export interface OwnSettings {
  readonly latent?:
    | (Partial<Omit<LatentOptions, 'training'>> & {
        /** Of an own generator. */
        readonly training?: { readonly pictures?: number; readonly epochs?: number };
      })
    | undefined;
  /** Data and queries are those of the inverse network, its descent is rMLE's. */
  readonly substitute?: Partial<Pick<SubstituteOptions, 'structure' | 'inversion' | 'epochs'>> | undefined;
  /** Data: by default those of the inverse network. */
  readonly shadow?: Partial<Omit<ShadowOptions, 'cut'>> | undefined;
}
type OwnOf<Name> = Name extends keyof OwnSettings ? NonNullable<OwnSettings[Name]> : never;

/** What users say once for several attacks. */
export interface SharedOptions {
  /** Steps of solvers. */
  readonly iterations: number | undefined;
  /** Of decoders. */
  readonly epochs: number | undefined;
  readonly lambdaTv: number | 'auto' | undefined;
  /** Of the pictures. */
  readonly channels: number;
}

/** What a shorter attack goes by. */
interface Shortening extends Omit<WorkFacts, 'victims'> {
  /** So much of a usual number, but no fewer than the least. */
  less(usual: number, least: number): number;
}

/** A number that is given up where time is short, as people are told of it. */
interface Length {
  readonly name: string;
  of(settings: AttackSettings): number | undefined;
}

export interface AttackEntry<Name extends AttackName = AttackName> {
  /** Of options that an attack always has. Default: there are none. */
  readonly defaults?: Settings;
  mount(mounting: Mounting): readonly Attack[];
  work(reckoned: Reckoned): Work;
  /** Its settings, from the options that it has to itself and those that several share. */
  read?(own: OwnOptions<Name>, shared: SharedOptions): OwnOf<Name> | Promise<OwnOf<Name>>;
  /** Settings with less of what nobody asked for. An attack without goes by the effort. */
  shorten?(settings: AttackSettings, by: Shortening): Partial<AttackSettings>;
  readonly length?: Length;
}

/** The strongest of what was measured. */
export const decoderDefaults = { data: 'same-set', decoder: 'residual', loss: 'mse+ssim' } as const;
const rmleDefaults = { solver: 'lbfgs' } as const;
const { data } = decoderDefaults;
const shadowDefaults = { structure: 'known', alignment: 'moments', inversion: 'rmle' } as const;

const substituteDefaults = { structure: 'known', inversion: 'auto' } as const;

/** Generators that attacks of one audit have trained. */
const generators = new WeakMap<object, KnownGenerators>();

function latentOn(settings: AttackSettings, keep: Keep): Attack {
  const sharing = settings.shared ?? settings;
  const known = generators.get(sharing) ?? new Map();
  generators.set(sharing, known);
  const options = { data: settings.inverseNetwork?.data ?? data, ...settings.latent } as const;
  const { generator, ...plain } = options;
  const about = generator && { sha256: modelSha256(encodeModel(generator.graph)), scale: generator.scale };
  return keep(latent({ ...options, training: { ...options.training, seed: settings.seed, known } }), {
    ...plain,
    generator: about,
  });
}

/** Steps of a descent without settings of its own, of which so many are usual. */
function stepsOf({ iterations, effort = 1 }: AttackSettings, usual: number): number {
  return iterations ?? Math.max(Math.min(usual, fewestSteps), Math.round(effort * usual));
}
const fewestSteps = 40;

const descentLength: Length = { name: 'steps of rmle', of: ({ rmle }) => rmle.iterations };

export const attackTable: { readonly [Name in AttackName]: AttackEntry<Name> } = {
  rmle: {
    defaults: rmleDefaults,
    mount: ({ keep, ownRmle }) => [keep(rmle(ownRmle), ownRmle)],
    work: descentWork,
    shorten({ rmle }, { cut, preprocessing, less }) {
      const usual = defaultSteps({ ...rmle, cut: cut.id }, preprocessing.channels);
      return { rmle: { ...rmle, iterations: rmle.iterations ?? less(usual, 25) } };
    },
    length: descentLength,
  },
  'inverse-network': {
    defaults: decoderDefaults,
    mount: ({ inverse }) => inverse,
    work: decoderWork,
    shorten({ inverseNetwork: own }, { pictures, less }) {
      const queries = own?.queries ?? [Math.min(defaultQueries, pictures)];
      const usual = trainingPlan(own?.decoder ?? 'residual', Math.max(...queries)).epochs;
      return { inverseNetwork: { ...own, epochs: own?.epochs ?? less(usual, 1) } };
    },
    length: { name: 'epochs of the decoder', of: ({ inverseNetwork }) => inverseNetwork?.epochs },
  },
  hybrid: {
    defaults: { ...decoderDefaults, ...rmleDefaults },
    mount: ({ keep, inverse, decoder, queries, ownRmle }) => [
      keep(hybrid(inverse.at(-1)!, ownRmle), { ...decoder, queries, ...ownRmle }),
    ],
    work: descentWork,
    length: descentLength,
  },
  latent: {
    defaults: { data },
    mount: ({ settings, keep }) => [latentOn(settings, keep)],
    work({ cut, preprocessing, victims, pictures, settings: { latent }, looks, step }) {
      const owned = latent?.training?.pictures ?? Math.min(shadowPictures, pictures);
      const { epochs, macs } = ownTraining(preprocessing, owned);
      const learning = ((latent?.training?.epochs ?? epochs) * owned * withGradient * macs) / trainingRate;
      const steps = latent?.iterations ?? latentSteps(cut.headMacs + macs / 2);
      const each = (victims + latentTrials(looks)) * steps * 1.3 * step(cut.headMacs + macs / 2);
      return { each, once: latent?.generator ? 0 : learning };
    },
    async read({ generator: path, 'generator-makes': makes }, { iterations, channels }) {
      if (path === undefined) return { iterations };
      return { iterations, generator: await readGenerator(path, makes, channels) };
    },
    shorten({ latent }, { cut, preprocessing, pictures, less }) {
      const iterations = latent?.iterations ?? less(latentSteps(cut.headMacs + cut.tailMacs), 20);
      const { epochs } = ownTraining(preprocessing, Math.min(shadowPictures, pictures));
      return { latent: { ...latent, iterations, training: { epochs: less(epochs, 1), ...latent?.training } } };
    },
    length: { name: 'steps of latent', of: ({ latent }) => latent?.iterations },
  },
  'deep-prior': {
    mount({ settings, keep }) {
      const options = { iterations: stepsOf(settings, deepPriorSteps.lbfgs) };
      return [keep(deepPrior(options), options)];
    },
    work: ({ cut, victims, settings, step }) =>
      once(victims * stepsOf(settings, deepPriorSteps.lbfgs) * 1.2 * step(cut.headMacs)),
  },
  substitute: {
    defaults: { data, ...substituteDefaults, ...rmleDefaults },
    mount({ cut, settings, keep, inverse, decoder, queries }) {
      const common = { data: decoder.data, queries, rmle: settings.rmle, cut: cut.id };
      const options = { ...substituteDefaults, ...settings.substitute, ...common };
      return [keep(substitute(inverse.at(-1)!, options), { ...decoder, ...options })];
    },
    // A head to be learnt, at most a decoder beside it, and a descent, which looks at what stands in for the head in one way.
    work: (reckoned) => once(2 * decoderWork(reckoned).each + descentWork({ ...reckoned, looks: 1 }).each),
    read: (own) => ({
      structure: own['substitute-structure'],
      inversion: own['substitute-inversion'],
      epochs: own['substitute-epochs'],
    }),
  },
  shadow: {
    defaults: { data, ...shadowDefaults },
    mount({ cut, settings, keep, decoder }) {
      const options = { ...shadowDefaults, data: decoder.data, ...settings.shadow, cut: cut.id };
      return [keep(shadow(options), options)];
    },
    work({ cut, victims, pictures, settings: { shadow }, step }) {
      const macs = cut.headMacs + cut.tailMacs;
      const owned = Math.min(shadow?.pictures ?? shadowPictures, pictures);
      const epochs = shadow?.epochs ?? shadowEpochs(macs, owned);
      const steps = shadow?.iterations ?? shadowSteps(cut.headMacs);
      return once((epochs * owned * withGradient * macs) / descentRate + victims * steps * step(cut.headMacs));
    },
    read(own, { iterations, epochs, lambdaTv }) {
      const inversion = own['shadow-inversion'];
      return {
        structure: own['shadow-structure'],
        inversion,
        alignment: own.alignment,
        shadows: own.shadows,
        epochs: own['shadow-epochs'],
        // Steps are the solver's, epochs the decoder's, whichever inverts the shadow.
        iterations: inversion === 'rmle' ? iterations : epochs,
        // A search on the shadow's own answers would trust it too much.
        lambdaTv: lambdaTv === 'auto' ? undefined : lambdaTv,
      };
    },
    shorten({ shadow }, { cut, pictures, less }) {
      const macs = cut.headMacs + cut.tailMacs;
      const epochs = shadow?.epochs ?? less(shadowEpochs(macs, Math.min(shadowPictures, pictures)), 1);
      return { shadow: { ...shadow, epochs, iterations: shadow?.iterations ?? less(shadowSteps(macs), 30) } };
    },
    length: { name: 'epochs of the shadow', of: ({ shadow }) => shadow?.epochs },
  },
  answer: {
    defaults: { data },
    mount({ keep, decoder: { data } }) {
      return [keep(answer({ data }), { data })];
    },
    work({ cut, victims, pictures }) {
      const asked = Math.min(answerQueries, pictures);
      return once((asked * (cut.headMacs + cut.tailMacs)) / descentRate + victims * asked * comparison);
    },
  },
};

/** Under their names, the settings of all that have options of their own. @throws CutlineError for files that cannot be read */
export async function readOwnSettings(options: OptionsOfAttacks, shared: SharedOptions): Promise<OwnSettings> {
  const read = async <Name extends AttackName>(name: Name) => attackTable[name].read?.(options[name], shared);
  const settings = await Promise.all(attackNames.map(async (name) => [name, await read(name)] as const));
  return Object.fromEntries(settings.filter(([, own]) => own !== undefined));
}

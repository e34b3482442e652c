/** Each attack as an audit mounts it, and what it reckons it to cost. */
import type { AttackName } from '../../attacks.ts';
import { encodeModel, modelSha256 } from '../../model/index.ts';
import {
  type Attack,
  answer,
  answerQueries,
  decoderMacs,
  deepPrior,
  deepPriorSteps,
  defaultSteps,
  hybrid,
  type KnownGenerators,
  latent,
  latentSteps,
  latentTrials,
  ownTraining,
  rmle,
  type Settings,
  searchSteps,
  shadow,
  shadowEpochs,
  shadowPictures,
  shadowSteps,
  substitute,
  trainingPlan,
} from '../attacks/index.ts';
import type { AttackSettings, Keep } from './attack-settings.ts';
import type { Mounting } from './mounting.ts';
import {
  comparison,
  descentRate,
  equations,
  type Reckoned,
  trainingRate,
  variationSearch,
  type Work,
  withGradient,
} from './work.ts';

export interface AttackEntry {
  /** Of options that an attack always has. Default: there are none. */
  readonly defaults?: Settings;
  mount(mounting: Mounting): readonly Attack[];
  work(reckoned: Reckoned): Work;
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

const once = (each: number): Work => ({ each, once: 0 });

/** Steps of a descent without settings of its own, of which so many are usual. */
function stepsOf({ iterations, effort = 1 }: AttackSettings, usual: number): number {
  return iterations ?? Math.max(Math.min(usual, fewestSteps), Math.round(effort * usual));
}
const fewestSteps = 40;

export const attackTable: Readonly<Record<AttackName, AttackEntry>> = {
  rmle: {
    defaults: rmleDefaults,
    mount: ({ keep, ownRmle }) => [keep(rmle(ownRmle), ownRmle)],
    work: descentWork,
  },
  'inverse-network': {
    defaults: decoderDefaults,
    mount: ({ inverse }) => inverse,
    work: decoderWork,
  },
  hybrid: {
    defaults: { ...decoderDefaults, ...rmleDefaults },
    mount: ({ keep, inverse, decoder, queries, ownRmle }) => [
      keep(hybrid(inverse.at(-1)!, ownRmle), { ...decoder, queries, ...ownRmle }),
    ],
    work: descentWork,
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

function descentWork({ cut, preprocessing, victims, settings, looks, step }: Reckoned): Work {
  const options = { ...settings.rmle, cut: cut.id };
  const steps = options.iterations ?? defaultSteps(options, preprocessing.channels);
  const statistics = options.solver === 'lbfgs' && options.formula === undefined && options.lambdaTv === undefined;
  const searched = statistics
    ? searchSteps(steps, looks)
    : options.lambdaTv === 'auto' || (options.solver === 'lbfgs' && options.lambdaTv === undefined)
      ? variationSearch * steps
      : 0;
  return once((searched + victims * steps * (options.restarts ?? 1)) * step(cut.headMacs));
}

function decoderWork({ cut, preprocessing, settings: { inverseNetwork }, queries, tensors }: Reckoned): Work {
  if (inverseNetwork?.trained) return once(0);
  const macs = decoderMacs(tensors, preprocessing);
  const each = queries.map((n) => {
    const { epochs } = trainingPlan(inverseNetwork?.decoder ?? 'residual', n, inverseNetwork?.epochs);
    return (epochs * n * withGradient * macs) / trainingRate + (n * cut.headMacs) / descentRate + equations;
  });
  return once(each.reduce((a, b) => a + b, 0));
}

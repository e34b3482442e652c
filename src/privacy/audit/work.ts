/**
 * How much computing an attack asks for, reckoned before it runs: what budgets are weighed by. The unit is a second of one core
 * of an ordinary machine, so that the reckoning is the same everywhere; what a second is here, a probe measures.
 */
import type { Preprocessing } from '../../data/index.ts';
import { type Cut, fixedShape } from '../../model/index.ts';
import {
  answerQueries,
  decoderMacs,
  deepPriorSteps,
  defaultQueries,
  defaultSteps,
  latentSteps,
  ownTraining,
  searchSteps,
  shadowEpochs,
  shadowPictures,
  shadowSteps,
  trainingPlan,
} from '../attacks/index.ts';
import type { AttackName, AttackSettings } from './attack-list.ts';

export interface WorkFacts {
  readonly cut: Pick<Cut, 'id' | 'tensors' | 'headMacs' | 'tailMacs'>;
  readonly preprocessing: Preprocessing;
  readonly victims: number;
  /** Pictures that the attacker can learn from. */
  readonly pictures: number;
}

export interface Work {
  /** For this cut, and for the first cut of an audit: other cuts share it. */
  readonly each: number;
  readonly once: number;
}

/** Multiplications and additions a second: head and gradient, whose many small layers wait for memory; and trainings. */
const [descentRate, trainingRate] = [6e9, 15e9];
/** Seconds that L-BFGS thinks about a number of a picture, each step. */
const thought = 1e-7;
/** Gradients cost twice as much again as what they are of. */
const withGradient = 3;
/** The search for λ of the total variation, in victims. */
const variationSearch = 18;
/** Solving for the straight path of a decoder. */
const equations = 4;

export function workOf(name: AttackName, facts: WorkFacts, settings: AttackSettings): Work {
  const { cut, preprocessing, victims, pictures } = facts;
  const { channels, height, width } = preprocessing;
  const values = channels * height * width;
  const step = (macs: number) => (withGradient * macs) / descentRate + thought * values;
  const queries = settings.inverseNetwork?.queries?.length
    ? settings.inverseNetwork.queries
    : [Math.min(defaultQueries, pictures)];
  const tensors = cut.tensors.map((t) => ({ name: t.name, shape: fixedShape(t)!.slice(1) }));
  switch (name) {
    case 'rmle':
    case 'hybrid': {
      const options = { ...settings.rmle, cut: cut.id };
      const steps = options.iterations ?? defaultSteps(options, channels);
      const statistics = options.solver === 'lbfgs' && options.formula === undefined && options.lambdaTv === undefined;
      const searched = statistics
        ? searchSteps(steps)
        : options.lambdaTv === 'auto' || (options.solver === 'lbfgs' && options.lambdaTv === undefined)
          ? variationSearch * steps
          : 0;
      return { each: (searched + victims * steps * (options.restarts ?? 1)) * step(cut.headMacs), once: 0 };
    }
    case 'inverse-network': {
      if (settings.inverseNetwork?.trained) return { each: 0, once: 0 };
      const kind = settings.inverseNetwork?.decoder ?? 'residual';
      const macs = decoderMacs(tensors, preprocessing);
      const each = queries.map((n) => {
        const { epochs } = trainingPlan(kind, n, settings.inverseNetwork?.epochs);
        return (epochs * n * withGradient * macs) / trainingRate + (n * cut.headMacs) / descentRate + equations;
      });
      return { each: each.reduce((a, b) => a + b, 0), once: 0 };
    }
    // A head to be learnt, at most a decoder beside it, and a descent.
    case 'substitute': {
      const learning = workOf('inverse-network', facts, settings).each;
      return { each: 2 * learning + workOf('rmle', facts, settings).each, once: 0 };
    }
    case 'latent': {
      const owned = settings.latent?.training?.pictures ?? Math.min(shadowPictures, pictures);
      const { epochs, macs } = ownTraining(preprocessing, owned);
      const learning = ((settings.latent?.training?.epochs ?? epochs) * owned * withGradient * macs) / trainingRate;
      const steps = settings.latent?.iterations ?? latentSteps(cut.headMacs + macs / 2);
      return {
        each: victims * steps * 1.3 * step(cut.headMacs + macs / 2),
        once: settings.latent?.generator ? 0 : learning,
      };
    }
    case 'deep-prior': {
      const steps = settings.deepPrior?.iterations ?? deepPriorSteps[settings.deepPrior?.solver ?? 'lbfgs'];
      return { each: victims * steps * 1.2 * step(cut.headMacs), once: 0 };
    }
    case 'shadow': {
      const macs = cut.headMacs + cut.tailMacs;
      const owned = Math.min(settings.shadow?.pictures ?? shadowPictures, pictures);
      const epochs = settings.shadow?.epochs ?? shadowEpochs(macs, owned);
      const steps = settings.shadow?.iterations ?? shadowSteps(cut.headMacs);
      const training = (epochs * owned * withGradient * macs) / descentRate;
      return { each: training + victims * steps * step(cut.headMacs), once: 0 };
    }
    case 'answer': {
      const asked = Math.min(answerQueries, pictures);
      const compared = victims * asked * thought;
      return { each: (asked * (cut.headMacs + cut.tailMacs)) / descentRate + compared, once: 0 };
    }
    default:
      return name satisfies never;
  }
}

/** What the descents and decoders that several attacks are made of are reckoned to cost. */
import { decoderMacs, defaultSteps, searchSteps, trainingPlan } from '../attacks/index.ts';
import {
  descentRate,
  equations,
  type Reckoned,
  trainingRate,
  variationSearch,
  type Work,
  withGradient,
} from './work.ts';

export const once = (each: number): Work => ({ each, once: 0 });

export function descentWork({ cut, preprocessing, victims, settings, looks, step }: Reckoned): Work {
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

export function decoderWork({ cut, preprocessing, settings: { inverseNetwork }, queries, tensors }: Reckoned): Work {
  if (inverseNetwork?.trained) return once(0);
  const macs = decoderMacs(tensors, preprocessing);
  const each = queries.map((n) => {
    const { epochs } = trainingPlan(inverseNetwork?.decoder ?? 'residual', n, inverseNetwork?.epochs);
    return (epochs * n * withGradient * macs) / trainingRate + (n * cut.headMacs) / descentRate + equations;
  });
  return once(each.reduce((a, b) => a + b, 0));
}

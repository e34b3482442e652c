/** `gauss`: independent normal noise, by its width, by what it guarantees, or by a bound on unbiased estimators. */
import { rhoOf, sigmaFor } from '../dp/concentrated.ts';
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';
import { additive, amount, radiusOf } from './additive.ts';
import { privateNoise } from './private-noise.ts';
import { byLeak, leak } from './targets.ts';

const targets = { dfil: { becomes: 'sd', range: { above: 0, most: 1e9 } }, leak: leak('sd') };

export const gauss: StageKind = {
  name: 'gauss',
  usage:
    'gauss(sd=0.5), gauss(sd=0.5x) relative to the RMS, gauss(eps=8,delta=1e-5) after a clip, gauss(dfil=2), or gauss(leak=0.3) as much as a short rMLE asks for',
  places: ['input', 'activation'],
  make(args, before) {
    for (const key of Object.keys(targets))
      if (args.has(key)) throw args.error(undefined, `sd: a target ${key} needs pictures to be measured on`);
    const law = (sd: number) =>
      ({ kind: 'additive', distribution: 'gaussian', scale: sd, standardDeviation: sd }) as const;
    if (!args.has('eps')) {
      const sd = args.number('sd', amount);
      args.done();
      return additive(stageText('gauss', { sd }), law(sd));
    }
    const epsilon = args.number('eps', { above: 0, most: 1e4 });
    const delta = args.number('delta', { above: 0, most: 0.5 });
    args.done();
    const radius = radiusOf('l2', before);
    if (radius === undefined) throw args.error(undefined, 'a clip before a guarantee: without one no noise keeps eps');
    const sensitivity = 2 * radius;
    const sd = sensitivity * sigmaFor(epsilon, delta);
    const rho = rhoOf(sensitivity, sd);
    const guarantee = { kind: 'dp', epsilon, delta, sensitivity, norm: 'l2', rho } as const;
    return privateNoise(stageText('gauss', { eps: epsilon, delta }), law(sd), guarantee, { norm: 'l2', radius });
  },
  targets,
  async resolve(args, facts) {
    const byAttacks = await byLeak(args, targets.leak, facts);
    if (byAttacks) return byAttacks;
    const target = args.find((a) => a.key === 'dfil');
    if (target?.value.kind !== 'number') return args;
    // σ² = E tr(JᵀJ) / (d·B), Maeng et al. 2023.
    const sd = Math.sqrt((await facts.meanSquaredGain()) / target.value.value);
    return [{ ...target, key: 'sd', value: { kind: 'number', value: Number(sd.toPrecision(4)) } }];
  },
};

/** `laplace`: independent Laplace noise, by its width or by what it guarantees (pure ε, l1 sensitivity). */
import { rhoOfPure } from '../dp/concentrated.ts';
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';
import { additive, amount, radiusOf } from './additive.ts';
import { privateNoise } from './private-noise.ts';
import { byLeak, leak } from './targets.ts';

const targets = { leak: leak('scale') };

export const laplace: StageKind = {
  name: 'laplace',
  usage:
    'laplace(scale=0.5), laplace(scale=0.5x) relative to the RMS, laplace(eps=8) after a clip, or laplace(leak=0.3) as much as a short rMLE asks for',
  places: ['input', 'activation'],
  make(args, before) {
    if (args.has('leak')) throw args.error(undefined, 'scale: a target leak needs pictures to be measured on');
    const told = args.has('eps') ? args.number('eps', { above: 0, most: 1e6 }) : undefined;
    const asked = told === undefined ? args.number('scale', amount) : undefined;
    args.done();
    const law = (b: number) =>
      ({ kind: 'additive', distribution: 'laplace', scale: b, standardDeviation: b * Math.SQRT2 }) as const;
    if (asked !== undefined) return additive(stageText('laplace', { scale: asked }), law(asked));
    const epsilon = told!;
    const radius = radiusOf('l1', before);
    if (radius === undefined) throw args.error(undefined, 'a clip before a guarantee: without one no noise keeps eps');
    const sensitivity = 2 * radius;
    const guarantee = { kind: 'dp', epsilon, delta: 0, sensitivity, norm: 'l1', rho: rhoOfPure(epsilon) } as const;
    const text = stageText('laplace', { eps: epsilon });
    return privateNoise(text, law(sensitivity / epsilon), guarantee, { norm: 'l1', radius });
  },
  targets,
  resolve: async (args, facts) => (await byLeak(args, targets.leak, facts)) ?? args,
};

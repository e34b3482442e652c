/** `laplace`: independent Laplace noise, by its width or by what it guarantees (pure ε, l1 sensitivity). */
import { stageText } from '../spec.ts';
import type { Guarantee, StageKind } from '../stage.ts';
import { additive, amount, sensitivityOf } from './additive.ts';

export const laplace: StageKind = {
  name: 'laplace',
  usage: 'laplace(scale=0.5), laplace(scale=0.5x) relative to the RMS, or laplace(eps=8) after a clip',
  places: ['input', 'activation'],
  make(args, before) {
    const told = args.has('eps') ? args.number('eps', { above: 0, most: 1e6 }) : undefined;
    const asked = told === undefined ? args.number('scale', amount) : undefined;
    args.done();
    const law = (b: number) =>
      ({ kind: 'additive', distribution: 'laplace', scale: b, standardDeviation: b * Math.SQRT2 }) as const;
    if (asked !== undefined) return additive(stageText('laplace', { scale: asked }), law(asked), { kind: 'none' });
    const sensitivity = sensitivityOf('l1', before);
    if (sensitivity === undefined)
      throw args.error(undefined, 'a clip before a guarantee: without one no noise keeps eps');
    const guarantee: Guarantee = { kind: 'dp', epsilon: told!, delta: 0, sensitivity, norm: 'l1' };
    return additive(stageText('laplace', { eps: told }), law(sensitivity / told!), guarantee);
  },
};

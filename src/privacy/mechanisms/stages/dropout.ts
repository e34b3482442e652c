/** `dropout`: elements are left out at random, as in the second part of He et al. (2020). */
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';

export const dropout: StageKind = {
  name: 'dropout',
  usage: 'dropout(rate=0.5), or dropout(rate=0.5,rescale=no)',
  places: ['input', 'activation'],
  make(args) {
    const rate = args.number('rate', { above: 0, most: 0.999 });
    const rescale = args.choice('rescale', ['yes', 'no'], 'yes');
    args.done();
    const gain = rescale === 'yes' ? 1 / (1 - rate) : 1;
    return {
      text: stageText('dropout', { rate, rescale: rescale === 'no' ? 'no' : undefined }),
      law: { kind: 'dropout', rate, gain },
      release(row, noise) {
        for (const { data } of row) {
          const drawn = new Float32Array(data.length);
          noise.uniform(drawn);
          for (let i = 0; i < data.length; i++) data[i] = drawn[i]! < rate ? 0 : data[i]! * gain;
        }
      },
      graph: (b, parts, { noise }) =>
        parts.map(({ term, shape }) => {
          const kept = gain === 1 ? term : b.op('Mul', [term, b.constant(gain)]);
          if (!noise) return kept;
          const dropped = b.op('Less', [noise(shape, 'uniform'), b.constant(rate)]);
          return b.op('Where', [dropped, b.constant(0), kept]);
        }),
      bound: ({ bound }) =>
        bound && {
          ...(bound.l2 !== undefined && { l2: bound.l2 * gain }),
          ...(bound.linf !== undefined && { linf: bound.linf * gain }),
        },
      guarantee: () => ({ kind: 'none' }),
    };
  },
};

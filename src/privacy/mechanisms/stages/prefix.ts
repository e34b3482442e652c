/**
 * `prefix`: the first channels are sent, of every tensor of the cut; all others become 0. Of a code whose channels were learnt in an
 * order of importance it is a lower rate. Where there are no more channels, all are sent.
 */
import { sizeOf } from '../../../model/tensor.ts';
import { stageText } from '../spec.ts';
import type { StageKind } from '../stage.ts';

export const prefix: StageKind = {
  name: 'prefix',
  usage: 'prefix(channels=4)',
  places: ['activation'],
  make(args) {
    const channels = args.number('channels', { least: 1, most: mostChannels, whole: true });
    args.done();
    /** Channels of a tensor come first, without the batch: a prefix of them is one of its elements. */
    const keeps = (shape: readonly number[]) => Math.min(channels, shape[0] ?? 1) * sizeOf(shape.slice(1));
    return {
      text: stageText('prefix', { channels }),
      law: { kind: 'deterministic' },
      keeps,
      release(row) {
        for (const { data, shape } of row) data.fill(0, keeps(shape));
      },
      graph: (b, parts) =>
        parts.map(({ term, shape }) => {
          const total = shape[1] ?? 1;
          if (channels >= total) return term;
          const mask = Float32Array.from({ length: total }, (_, c) => (c < channels ? 1 : 0));
          const broadcast = [1, total, ...shape.slice(2).map(() => 1)];
          return b.op('Mul', [term, b.initializer({ dtype: 'float32', shape: broadcast, data: mask })]);
        }),
      bound: ({ bound }) => bound,
      guarantee: () => ({ kind: 'none' }),
    };
  },
};

/** Whoever asks for more has mistyped. */
const mostChannels = 1e6;

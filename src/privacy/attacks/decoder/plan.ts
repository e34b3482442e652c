/** How long to train, and how fast, by what there is to learn from. */
import { cosine, halving } from '../../../training/index.ts';
import type { DecoderKind } from './choose.ts';
import type { FitDecoder } from './fit.ts';

/**
 * With few pictures more epochs are needed to take as many steps. Who pays for many queries wants the best of them.
 */
const wantedSteps = 280;
const [fewestEpochs, mostEpochs] = [3, 150];
const [manyPairs, epochsOfMany] = [5000, 6];
const batch = 32;

export function trainingPlan(
  kind: DecoderKind,
  pairs: number,
  epochs?: number,
): Pick<FitDecoder, 'epochs' | 'batch' | 'learningRate' | 'epsilon' | 'patience'> {
  switch (kind) {
    case 'residual': {
      const needed = Math.ceil((wantedSteps * batch) / pairs);
      const own = epochs ?? Math.min(Math.max(needed, pairs < manyPairs ? fewestEpochs : epochsOfMany), mostEpochs);
      return {
        epochs: own,
        batch,
        learningRate: cosine(1.5e-3),
        epsilon: 1e-8,
        patience: Math.max(3, Math.ceil(own / 4)),
      };
    }
    case 'paper': {
      // As published, and to the end: nothing was kept aside there.
      const own = epochs ?? 50;
      return {
        epochs: own,
        batch,
        learningRate: halving(1e-3, Math.max(1, Math.ceil(own / 5))),
        epsilon: 1e-3,
        patience: own,
      };
    }
    default:
      return kind satisfies never;
  }
}

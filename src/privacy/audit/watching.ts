/** How much more there is to do behind a mechanism than behind none: before anything is measured, so that open widths are supposed. */
import type { CodecName } from '../../plan/index.ts';
import { isRandom, likelihoodOf, looksOf, supposed } from '../mechanisms/index.ts';
import { drawsOfMean } from './defended-head.ts';

export interface Watching {
  /** Ways of looking at it that a descent tries, in steps of the cheapest: the mean over draws runs the head so many times. */
  readonly looks: number;
  /** Times that every attack is mounted: by each observer, on each codec. */
  readonly times: number;
}

export function watchingOf(defense: string, { observations = [1], codecs = ['float32'] }: Watched = {}): Watching {
  const mechanism = supposed(defense);
  const looks = looksOf({ mechanism, likelihood: likelihoodOf(mechanism, 1) });
  return {
    looks: looks.reduce((sum, { head }) => sum + (head === 'expected' ? drawsOfMean : 1), 0),
    times: (isRandom(mechanism) ? observations.length : 1) * codecs.length,
  };
}

interface Watched {
  readonly observations?: readonly number[] | undefined;
  readonly codecs?: readonly CodecName[] | undefined;
}

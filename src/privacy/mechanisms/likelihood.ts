/** How likely what was seen is, given what a mechanism would show without its randomness: what attackers descend on. */

import type { GraphBuilder } from '../../model/builder.ts';
import { median } from '../../numeric/index.ts';
import type { Mechanism } from './mechanism.ts';
import type { GraphPart, Law } from './stage.ts';

/** Of one observation, or of several of one scene that were made into one (`combine`). */
export type Likelihood =
  /**
   * Squared differences; the width of the noise where it is known, 0 without any. `kept`: the share of observations in which
   * an element was not left out, where their mean was divided by it.
   */
  | { readonly kind: 'squares'; readonly standardDeviation: number; readonly kept?: number }
  /** Absolute differences. */
  | { readonly kind: 'absolute'; readonly scale: number }
  /** A zero says little: it was left out with probability `rate`, or was there. */
  | { readonly kind: 'dropped'; readonly rate: number }
  /** As dropped, with noise upon it: nobody knows of an element whether it was left out. */
  | { readonly kind: 'mixed'; readonly rate: number; readonly standardDeviation: number }
  /** Rounded: all that is as near as the slack is as likely. */
  | {
      readonly kind: 'within';
      readonly slack: (b: GraphBuilder, seen: SeenPart) => string;
      /** What the slack hangs on beside what is seen: equal keys, equal slacks. */
      readonly key?: unknown;
    };

/** With the name of the tensor that was seen. */
type SeenPart = GraphPart & { readonly name?: string };

type Additive = Law & { readonly kind: 'additive' };

/** Of the random stages on the activation; noise on the input is no likelihood, but something to take the mean over (`looksOf`). */
export function likelihoodOf({ stages }: Mechanism, observations: number): Likelihood {
  let rate = 0;
  let noise: Additive[] = [];
  for (const { place, stage } of stages) {
    if (place !== 'activation') continue;
    const { law } = stage;
    switch (law.kind) {
      case 'deterministic':
        break;
      case 'additive':
        noise.push(law);
        break;
      case 'dropout':
        rate = 1 - (1 - rate) * (1 - law.rate);
        // What was added before has been left out with the rest.
        noise = [];
        break;
      default:
        return law satisfies never;
    }
  }
  if (noise.length === 0)
    return rate > 0 ? { kind: 'dropped', rate: rate ** observations } : { kind: 'squares', standardDeviation: 0 };
  const [only] = noise;
  const root = Math.sqrt(observations);
  if (rate === 0 && noise.length === 1 && only!.distribution === 'laplace')
    return { kind: 'absolute', scale: only!.scale / root };
  const standardDeviation = Math.hypot(...noise.map((n) => n.standardDeviation)) / root;
  if (rate === 0) return { kind: 'squares', standardDeviation };
  if (observations === 1) return { kind: 'mixed', rate, standardDeviation };
  const kept = 1 - rate;
  return { kind: 'squares', standardDeviation: standardDeviation / kept, kept };
}

/**
 * Several observations of one scene, element by element, as one: what is best known of it under the likelihood of each.
 * @param seen one or more, of equal length
 */
export function combined(seen: readonly Float32Array[], likelihood: Likelihood): Float32Array {
  if (seen.length === 1) return seen[0]!;
  switch (likelihood.kind) {
    case 'squares': {
      const of = seen.length * (likelihood.kept ?? 1);
      return each(seen, (values) => values.reduce((a, b) => a + b, 0) / of);
    }
    case 'mixed':
    case 'within':
      return each(seen, (values) => values.reduce((a, b) => a + b, 0) / values.length);
    case 'absolute':
      return each(seen, median);
    case 'dropped':
      return each(seen, (values) => {
        const kept = values.filter((v) => v !== 0);
        return kept.length === 0 ? 0 : kept.reduce((a, b) => a + b, 0) / kept.length;
      });
    default:
      return likelihood satisfies never;
  }
}

function each(seen: readonly Float32Array[], one: (values: Float64Array) => number): Float32Array {
  const values = new Float64Array(seen.length);
  return seen[0]!.map((_, i) => {
    for (let k = 0; k < seen.length; k++) values[k] = seen[k]![i]!;
    return one(values);
  });
}

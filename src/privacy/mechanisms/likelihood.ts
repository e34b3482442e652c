/** How likely what was seen is, given what a mechanism would show without its randomness: what attackers descend on. */
import type { Mechanism } from './mechanism.ts';
import type { Law } from './stage.ts';

/** Of one observation, or of several of one scene that were made into one (`combine`). */
export type Likelihood =
  /** Squared differences; the width of the noise where it is known, 0 without any. */
  | { readonly kind: 'squares'; readonly standardDeviation: number }
  /** Absolute differences. */
  | { readonly kind: 'absolute'; readonly scale: number }
  /** A zero says little: it was left out with probability `rate`, or was there. */
  | { readonly kind: 'dropped'; readonly rate: number };

/** What decides is the last random stage on the activation: those before it are within its noise, as is noise on the input. */
export function likelihoodOf({ stages }: Mechanism, observations: number): Likelihood {
  const random = stages.filter((s) => s.place === 'activation' && s.stage.law.kind !== 'deterministic');
  return ofLaw(random.at(-1)?.stage.law ?? { kind: 'deterministic' }, observations);
}

function ofLaw(law: Law, observations: number): Likelihood {
  switch (law.kind) {
    case 'deterministic':
      return { kind: 'squares', standardDeviation: 0 };
    case 'additive':
      return law.distribution === 'gaussian'
        ? { kind: 'squares', standardDeviation: law.standardDeviation / Math.sqrt(observations) }
        : { kind: 'absolute', scale: law.scale / Math.sqrt(observations) };
    case 'dropout':
      return { kind: 'dropped', rate: law.rate ** observations };
    default:
      return law satisfies never;
  }
}

/**
 * Several observations of one scene, element by element, as one: what is best known of it under the likelihood of each.
 * @param seen one or more, of equal length
 */
export function combined(seen: readonly Float32Array[], { kind }: Likelihood): Float32Array {
  if (seen.length === 1) return seen[0]!;
  switch (kind) {
    case 'squares':
      return each(seen, (values) => values.reduce((a, b) => a + b, 0) / values.length);
    case 'absolute':
      return each(seen, median);
    case 'dropped':
      return each(seen, (values) => {
        const kept = values.filter((v) => v !== 0);
        return kept.length === 0 ? 0 : kept.reduce((a, b) => a + b, 0) / kept.length;
      });
    default:
      return kind satisfies never;
  }
}

function each(seen: readonly Float32Array[], one: (values: Float64Array) => number): Float32Array {
  const values = new Float64Array(seen.length);
  return seen[0]!.map((_, i) => {
    for (let k = 0; k < seen.length; k++) values[k] = seen[k]![i]!;
    return one(values);
  });
}

function median(values: Float64Array): number {
  const sorted = values.toSorted();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How often plans claim too much: the search, the choice and the confirmation done again and again on victims drawn anew. */

import { createRandom, type Random } from '../../random.ts';
import { bootstrap, type Interval } from '../metrics/index.ts';

export interface Resampling {
  readonly maxSsim: number;
  /** Victims of each search. */
  readonly searched: number;
  /** Null: what the search found is what the plan claims, as it was before plans were confirmed. */
  readonly confirmation: { readonly victims: number; readonly candidates: number; readonly confidence: number } | null;
  readonly runs: number;
  readonly seed: number;
}

export interface Resampled {
  readonly plans: number;
  /** Plans whose upper end lies below the mean over all victims. */
  readonly tooLow: number;
  /** Plans whose mean over all victims is above the threshold. */
  readonly above: number;
}

/** @param candidates SSIM by candidate, attack and victim: the same victims in the same order everywhere */
export function resampled(
  candidates: readonly (readonly (readonly number[])[])[],
  { maxSsim, searched, confirmation, runs, seed }: Resampling,
): Resampled {
  const people = candidates[0]![0]!.length;
  const truth = candidates.map((attacks) => Math.max(...attacks.map((s) => s.reduce((a, b) => a + b, 0) / people)));
  const root = createRandom(seed);
  let [plans, tooLow, above] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const random = root.fork(run);
    const drawn = Array.from({ length: searched + (confirmation?.victims ?? 0) }, () => random.int(people));
    const claim = planOf(candidates, drawn, maxSsim, searched, confirmation, random);
    if (!claim) continue;
    plans++;
    if (truth[claim.candidate]! > claim.high) tooLow++;
    if (truth[claim.candidate]! > maxSsim) above++;
  }
  return { plans, tooLow, above };
}

/** The first in an order of cost, which is drawn anew, that passes. */
function planOf(
  candidates: readonly (readonly (readonly number[])[])[],
  drawn: readonly number[],
  maxSsim: number,
  searched: number,
  confirmation: Resampling['confirmation'],
  random: Random,
): { readonly candidate: number; readonly high: number } | undefined {
  const order = candidates.map((_, i) => [random.uniform(), i] as const).sort(([a], [b]) => a - b);
  let looked = 0;
  for (const [, candidate] of order) {
    const upper = (from: number, to: number, confidence?: number) =>
      Math.max(
        ...candidates[candidate]!.map((scores, attack) => {
          const sample = drawn.slice(from, to).map((i) => scores[i]!);
          const interval: Interval = bootstrap(sample, random.fork(`${candidate} ${attack} ${from}`), {
            range: [-1, 1],
            confidence,
          });
          return interval.high;
        }),
      );
    const high = upper(0, searched);
    if (high > maxSsim) continue;
    if (!confirmation) return { candidate, high };
    if (looked++ === confirmation.candidates) return undefined;
    const confirmed = upper(searched, drawn.length, confirmation.confidence);
    if (confirmed <= maxSsim) return { candidate, high: confirmed };
  }
  return undefined;
}

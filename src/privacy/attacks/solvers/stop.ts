/** Why the descent of one picture ended, and which ends are no measurement. */

import type { Tensors } from '../../../model/index.ts';
import { meanSquares } from '../../../model/index.ts';

/** It went as far as it was let, its features are those observed, or no further step lowers the objective. */
const measured = ['limit', 'enough', 'minimum'] as const;
/**
 * Nothing is known of a picture whose descent ended so: the gradient is zero where it began, no step lowers the objective, it
 * ended where it began; or it came upon what is no number, or ended higher than it began.
 */
const standing = ['flat', 'stuck', 'unmoved'] as const;
const diverged = ['not-finite', 'risen'] as const;

export const misses = [...standing, ...diverged] as const;
export type Miss = (typeof misses)[number];
export type Stop = (typeof measured)[number] | Miss;

export const isMiss = (stop: Stop): stop is Miss => (misses as readonly string[]).includes(stop);
export const isDivergence = (reason: string): boolean => (diverged as readonly string[]).includes(reason);

/** Less than this, of a coordinate of about 1, is no way from where a descent began. */
const noWay = 1e-6;

export function hasMoved(from: Float32Array, to: Float32Array): boolean {
  return to.some((v, i) => Math.abs(v - from[i]!) > noWay * Math.max(1, Math.abs(from[i]!)));
}

/** Of the value it began with: what float32 can tell apart, several times over. */
const leastFall = 1e-6;

/**
 * A descent with the reason of its end, which is not always what ended it: of one that has got nowhere nothing is known.
 * @param stop what ended it; undefined where it took all its steps
 */
export function endOf<
  T extends {
    readonly point: Float32Array;
    readonly value: number;
    readonly first: number;
    readonly iterations: number;
  },
>(
  start: Float32Array,
  descent: T,
  stop: Exclude<Stop, 'risen'> | undefined,
): T & { readonly stop: Exclude<Stop, 'risen'> } {
  const { point, value, first, iterations } = descent;
  if (stop === 'not-finite' || (iterations === 0 && (stop === 'enough' || stop === 'flat')))
    return { ...descent, stop };
  if (stop === 'minimum' && iterations === 0) return { ...descent, stop: 'stuck' };
  const fell = first - value > leastFall * Math.max(Math.abs(first), Math.abs(value));
  return { ...descent, stop: fell && hasMoved(start, point) ? (stop ?? 'limit') : 'unmoved' };
}

/** Of the features' mean square: float32 features that are as near as this leave a descent nothing to do. */
const explained = 1e-9;

/** Below this, in the objective, a beginning explains what was observed; never where what was observed are zeros. */
export function explainedBelow(observed: Tensors): Float32Array {
  return meanSquares(observed).map((square) => (square > 0 ? explained * square : Number.NEGATIVE_INFINITY));
}

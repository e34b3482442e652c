/** What the descent of one picture ended with, seen from where it began. */
import { meanSquares, type Tensors } from '../../../model/index.ts';
import type { Stop } from '../stops.ts';

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

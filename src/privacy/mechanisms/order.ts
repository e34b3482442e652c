/**
 * The order of what is sent: whoever sees an activation computes what follows from it, adds the noise and rounds as well as
 * the device can. So what was measured behind holds in front: leakage here is at least the leakage there.
 */
import { isLossless } from '../../codecs.ts';
import { inputStages } from './spec.ts';

/** A group of results: one cut, one mechanism, one codec. */
export interface Release {
  readonly cut: string;
  readonly defense: string;
  readonly codec: string;
}

/** Whether everything the second shows can be made from the first. */
export type Shows = (from: Release, what: Release) => boolean;

/** @param follows whether the second cut can be computed from the first */
export function showsOrder(follows: (from: string, to: string) => boolean): Shows {
  return (from, what) => {
    if (from.cut === 'input' && from.defense === 'none') return isLossless(from.codec);
    // What acts before the head nobody behind the head can do.
    const before = inputStages(from.defense);
    // Draws that come before the head are part of what it is given: only the very same ones make the same law.
    if (inputStages(what.defense) !== before) return false;
    const own = from.defense.slice(before.length).replace(/^\+/, '');
    const other = what.defense.slice(before.length).replace(/^\+/, '');
    const bare = own === '' || from.defense === 'none';
    if (bare && isLossless(from.codec)) return follows(from.cut, what.cut);
    if (from.cut !== what.cut) return false;
    if (from.defense === what.defense) return isLossless(from.codec) || from.codec === what.codec;
    // Stages that come after are computed from what was released.
    return isLossless(from.codec) && other.startsWith(`${own}+`);
  };
}

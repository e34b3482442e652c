/**
 * The order of what is sent: whoever sees an activation computes what follows from it, adds the noise and rounds as well as
 * the device can. So what was measured behind holds in front: leakage here is at least the leakage there.
 */

/** A group of results: one cut, one mechanism, one codec. */
export interface Release {
  readonly cut: string;
  readonly defense: string;
  readonly codec: string;
}

/** Whether everything the second shows can be made from the first. */
export type Shows = (from: Release, what: Release) => boolean;

/**
 * @param follows whether the second cut can be computed from the first
 * @param inputStages what of a mechanism acts before the head: nobody behind the head can do that
 */
export function showsOrder(
  follows: (from: string, to: string) => boolean,
  inputStages: (defense: string) => string,
): Shows {
  return (from, what) => {
    if (from.cut === 'input' && from.defense === 'none') return lossless(from.codec);
    const before = inputStages(from.defense);
    // Draws that come before the head are part of what it is given: only the very same ones make the same law.
    if (inputStages(what.defense) !== before) return false;
    const own = from.defense.slice(before.length).replace(/^\+/, '');
    const other = what.defense.slice(before.length).replace(/^\+/, '');
    const bare = own === '' || from.defense === 'none';
    if (bare && lossless(from.codec)) return follows(from.cut, what.cut);
    if (from.cut !== what.cut) return false;
    if (from.defense === what.defense) return lossless(from.codec) || from.codec === what.codec;
    // Stages that come after are computed from what was released.
    return lossless(from.codec) && other.startsWith(`${own}+`);
  };
}

/** Deflate and float32 lose nothing. */
const lossless = (codec: string): boolean => codec === 'float32' || codec === 'float32+deflate';

export interface Inherited<T> {
  readonly entry: T;
  /** The group where it was measured; absent where that is the entry's own. */
  readonly from?: Release;
}

/**
 * For each group and threat the entry that leaks most among its own and all that can be made from it.
 * @param stronger whether the first leaks more
 */
export function inherit<T extends Release & { readonly threat: string }>(
  entries: readonly T[],
  shows: Shows,
  stronger: (a: T, b: T) => boolean,
): Inherited<T>[] {
  return entries.map((own) => {
    const reachable = entries.filter((e) => e.threat === own.threat && e !== own && shows(own, e));
    const best = reachable.reduce((a, b) => (stronger(b, a) ? b : a), own);
    if (best === own) return { entry: own };
    const { cut, defense, codec } = best;
    return { entry: { ...best, cut: own.cut, defense: own.defense, codec: own.codec }, from: { cut, defense, codec } };
  });
}

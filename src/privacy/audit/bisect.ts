/**
 * Where safety begins. Whoever sees a cut computes what follows from it, so one open cut refuses all that show it, one that is not
 * open spares all that it shows, and a search by halves attacks as many cuts as their number has bits. Noise of each cut's own
 * shows nothing of another's: there every cut is attacked.
 */
import { inLanes } from '../../in-lanes.ts';
import type { Shows } from '../mechanisms/index.ts';
import type { Target } from './targets.ts';

/** A candidate that was not attacked. */
export interface Left {
  readonly index: number;
  /** Why, as part of a sentence. */
  readonly problem: string;
}

/**
 * @param candidates cuts in order of depth, each defense and codec a chain of its own
 * @param shows whether what the second sends can be made from what the first does
 * @param attack whether a candidate is open; undefined where nothing was found out about it
 * @returns those that were not attacked
 */
export async function bisected<Lane>(
  candidates: readonly Target[],
  lanes: readonly Lane[],
  shows: Shows,
  attack: (candidate: Target, index: number, lane: Lane, stop: AbortSignal) => Promise<boolean | undefined>,
  signal?: AbortSignal,
): Promise<Left[]> {
  const chains = new Map<string, number[]>();
  for (const [index, { defense, codec }] of candidates.entries()) {
    const key = JSON.stringify([defense, codec]);
    chains.set(key, [...(chains.get(key) ?? []), index]);
  }
  const left: Left[] = [];
  await inLanes(
    [...chains.values()],
    lanes,
    async (chain, _, lane, stop) => {
      let open = chain;
      while (open.length > 0) {
        const at = Math.floor(open.length / 2);
        const index = open[at]!;
        const here = candidates[index]!;
        const isOpen = await attack(here, index, lane, stop);
        const others = open.filter((i) => i !== index);
        const settled = (i: number) => {
          const other = candidates[i]!;
          return isOpen === undefined ? false : isOpen ? shows(other, here) : shows(here, other);
        };
        const problem = isOpen
          ? `${here.cut}, which follows from it, is open`
          : `it follows from ${here.cut}, which is not open`;
        left.push(...others.filter(settled).map((i) => ({ index: i, problem })));
        open = others.filter((i) => !settled(i));
      }
    },
    signal,
  );
  return left;
}

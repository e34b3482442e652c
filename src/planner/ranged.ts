/** Plans for a range of bandwidths and device speeds: a safe set, or the one route that is best where the range is worst. Pure. */
import { type Candidate, idOfPlan, type Plan } from '../plan/index.ts';
import type { Pace } from './beside/scaled.ts';
import { labelOf } from './weigh.ts';

/** From … to, as factors of what the profiles say. */
export type PaceRange = readonly [number, number];

export interface Ranged {
  /** `safe-set`: the routes that are cheapest somewhere in the range; `robust`: the cheapest where link and device are slowest. */
  readonly as: 'safe-set' | 'robust';
  readonly bandwidth: PaceRange;
  readonly device: PaceRange;
}

/** What the search chose at one place in the range; undefined where nothing stands there. */
export interface AtPace {
  readonly pace: Pace;
  readonly chosen: Candidate | undefined;
}

/** Points of the grid. */
const [BANDWIDTHS, SPEEDS] = [4, 3];

/** A grid over the range, evenly on a logarithmic scale, without the profiles themselves, which are searched first. */
export function elsewhere({ bandwidth, device }: Ranged): readonly Pace[] {
  return between(bandwidth, BANDWIDTHS).flatMap((b) =>
    between(device, SPEEDS).flatMap((d) => (b === 1 && d === 1 ? [] : [{ bandwidth: b, device: d }])),
  );
}

/** Where nothing costs less: times only grow as link and device get slower. */
export const worstPace = ({ bandwidth, device }: Ranged): Pace => ({ bandwidth: bandwidth[0], device: device[0] });

function between([low, high]: PaceRange, count: number): number[] {
  if (low === high) return [low];
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? high : low * (high / low) ** (i / (count - 1))));
}

interface MadeRoute {
  readonly plan: Plan;
  readonly head: Uint8Array | null;
  readonly tail: Uint8Array | null;
}

/**
 * The other routes that were chosen somewhere, and what keeps everything on the device where that is allowed: for when nobody can be
 * reached. Halves that are the same lie there once.
 */
export function routesBeside(
  chosen: Candidate,
  { candidates }: { readonly candidates: readonly Candidate[] },
  atPaces: readonly AtPace[],
  make: (candidate: Candidate, n: number) => MadeRoute,
) {
  const here = candidates.find((c) => c.cut === 'output' && c.feasible);
  const found = [...atPaces.flatMap((at) => at.chosen ?? []), ...(here ? [here] : [])];
  const known = new Set([labelOf(chosen)]);
  const others = found.filter((c) => !known.has(labelOf(c)) && known.add(labelOf(c)));
  const parts: { file: string; data: Uint8Array }[] = [];
  const files = new Map<string, string>();
  const own = make(chosen, 1);
  for (const part of [own.plan.head, own.plan.tail]) if (part) files.set(part.sha256, part.file);
  const placed = (part: Plan['head'], data: Uint8Array | null): Plan['head'] => {
    if (!part || !data) return null;
    const file = files.get(part.sha256) ?? part.file;
    if (!files.has(part.sha256)) parts.push({ file, data });
    files.set(part.sha256, file);
    return { ...part, file };
  };
  const safeSet = others.map((candidate, i) => {
    const { plan, head, tail } = make(candidate, i + 2);
    const { safeSet: _, ...placedPlan } = { ...plan, head: placed(plan.head, head), tail: placed(plan.tail, tail) };
    return { ...placedPlan, planId: idOfPlan(placedPlan) };
  });
  return { safeSet, parts };
}

/** From the options of `cutline plan` to the range that a plan is made for. */
import { CutlineError } from '../errors.ts';
import type { PaceRange, Ranged } from '../planner/index.ts';

export interface RangedArguments {
  readonly safeSet?: boolean | undefined;
  readonly robust?: boolean | undefined;
  /** `0.1..1`, factors of what the profiles say. */
  readonly bandwidthRange?: string | undefined;
  readonly speedRange?: string | undefined;
  readonly at?: string | undefined;
  readonly tiers?: string | undefined;
}

/** What a link that is shared and a processor that is hot may fall to. */
export const usualRanges = { bandwidth: '0.1..1', speed: '0.5..1' };

/** Undefined where the plan is for the profiles alone. @throws CutlineError USAGE for what does not go together, and ranges that are none */
export function rangedOf(options: RangedArguments): Ranged | undefined {
  const { safeSet, robust, bandwidthRange, speedRange, at, tiers } = options;
  const refuse = (problem: string) => new CutlineError('USAGE', { problem });
  if (!safeSet && !robust) {
    if (bandwidthRange === undefined && speedRange === undefined) return undefined;
    throw refuse('--bandwidth-range and --speed-range say what --safe-set or --robust is made for: give one of them.');
  }
  const flag = safeSet ? '--safe-set' : '--robust';
  if (safeSet && robust) throw refuse('--safe-set is of several routes and --robust of one for all: give one of them.');
  if (tiers !== undefined) throw refuse(`${flag} is for a device, a cloud and a link: give those, not --tiers.`);
  if (at !== undefined) throw refuse(`${flag} chooses among cuts, and --at names one: leave one of them out.`);
  return {
    as: safeSet ? 'safe-set' : 'robust',
    bandwidth: rangeOf('--bandwidth-range', bandwidthRange ?? usualRanges.bandwidth),
    device: rangeOf('--speed-range', speedRange ?? usualRanges.speed),
  };
}

function rangeOf(flag: string, text: string): PaceRange {
  const [low, high] = text.split('..').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (
    low !== undefined &&
    high !== undefined &&
    text.split('..').length === 2 &&
    low >= 1e-3 &&
    high <= 1e3 &&
    low <= high
  )
    return [low, high];
  const problem = `${flag} ${text}: want two factors from 0.001 to 1000, the lower first, such as 0.1..1.`;
  throw new CutlineError('USAGE', { problem });
}

/** What is wrong with a cut of one's own choice. */
import type { Candidate, Thresholds } from '../../plan/index.ts';
import { axesOf, dominates, objectiveValue } from '../choose.ts';
import { labelOf } from '../weigh.ts';

export interface AskedCut {
  readonly cut: string;
  /** A sentence each; empty where nothing is. */
  readonly wrong: readonly string[];
  /** What would have been chosen without `--at`, as far as it was attacked; null where nothing would. */
  readonly instead: Candidate | null;
}

/**
 * @param own candidates at this cut, as they were judged
 * @param all every candidate, judged as if no cut had been asked for
 */
export function askedCut(
  cut: string,
  own: readonly Candidate[],
  chosen: Candidate | undefined,
  free: { readonly chosen: Candidate | undefined; readonly candidates: readonly Candidate[] },
  asked: Thresholds,
): AskedCut {
  const wrong: string[] = [];
  const nearest = chosen ?? own.toSorted((a, b) => a.reasons.length - b.reasons.length || by(asked)(a, b))[0];
  if (!nearest)
    return {
      cut,
      wrong: ['No plan can be made for it: what it sends has no size that is known.'],
      instead: free.chosen ?? null,
    };
  if (!chosen) wrong.push(...nearest.reasons);
  const instead = free.chosen && free.chosen.cut !== cut ? free.chosen : null;
  if (instead) {
    const [mine, other] = [objectiveValue(nearest, asked), objectiveValue(instead, asked)];
    if (other < mine) wrong.push(`It costs more: ${costs(nearest)} against ${costs(instead)} of ${labelOf(instead)}.`);
  }
  const better =
    nearest.leakage &&
    free.candidates.find((c) => c.cut !== cut && c.leakage && c.feasible && dominates(axesOf(c), axesOf(nearest)));
  if (better && better !== instead)
    wrong.push(`${capital(labelOf(better))} beats it in latency, energy, bytes and leakage at once.`);
  return { cut, wrong, instead };
}

const by = (asked: Thresholds) => (a: Candidate, b: Candidate) =>
  objectiveValue(a, asked) - objectiveValue(b, asked) || 0;
const costs = ({ latencyMs, energyMj, wireBytes }: Candidate): string =>
  `${figure(latencyMs.total)} ms, ${energyMj === null ? '' : `${figure(energyMj)} mJ, `}${wireBytes} bytes`;
const figure = (value: number): string => String(Number(value.toPrecision(3)));
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A search made again with other numbers, by the code that made it: what the page in the browser runs. Attacks nothing. Pure. */
import type { Candidate } from '../../plan/index.ts';
import { type Beside, besideOf } from '../beside/index.ts';
import { objectiveValue } from '../choose.ts';
import { conflictText, refuseContradictions } from '../contradict.ts';
import { relaxationText } from '../relax.ts';
import { type SearchResult, search } from '../search.ts';
import { type Numbers, withNumbers } from './numbers.ts';
import { type RecordedSearch, searchOf } from './record.ts';

export { type Numbers, numbersOf } from './numbers.ts';
export { type RecordedSearch, recordedSearch } from './record.ts';

export interface PlannedAgain {
  readonly result: SearchResult;
  readonly beside: Beside;
  /** What has to give way; empty where something was chosen. */
  readonly relax: string;
  /**
   * Cheaper than the choice, or anything where nothing was chosen, and kept from it by an attack that nobody made: a command that
   * can attack would do so first.
   */
  readonly unattacked: readonly Candidate[];
  /** What is made least; infinite where it needs what is unknown. */
  valueOf(candidate: Candidate): number;
}

/** @returns a search for each set of numbers; throws CutlineError CONSTRAINTS_CONTRADICT as the command does */
export function plannerOf(recorded: RecordedSearch): (numbers: Numbers) => PlannedAgain {
  const { input, findings } = searchOf(recorded);
  return (numbers) => {
    const asked = withNumbers(input, numbers);
    const { thresholds } = asked;
    refuseContradictions(thresholds);
    const result = search(asked, findings);
    const { chosen } = result;
    const limit = chosen ? objectiveValue(chosen, thresholds) : Number.POSITIVE_INFINITY;
    const open = result.weighed.filter(
      ({ candidate, breaches }) =>
        breaches.length > 0 && breaches.every((b) => b.unaudited) && objectiveValue(candidate, thresholds) < limit,
    );
    return {
      result,
      beside: besideOf(asked, result, findings),
      relax: chosen ? '' : conflictText(result.conflict) + relaxationText(result.relaxation),
      unattacked: open.map((w) => w.candidate),
      valueOf: (candidate) => objectiveValue(candidate, thresholds),
    };
  };
}

/** The documents that `cutline plan` prints, and the folder it writes. */

import { CutlineError } from '../errors.ts';
import { writeAtomically } from '../files.ts';
import { type Candidate, type Plan, withoutSearch } from '../plan/index.ts';
import { conflictText, type PlanOutcome, relaxationText, writePlan } from '../planner/index.ts';
import { writeAll } from './output.ts';

/** What stands beside the choice, in either document. */
export interface BesideFields {
  readonly alternatives: PlanOutcome['beside']['alternatives'];
  readonly costOnly: PlanOutcome['beside']['costOnly'];
  readonly asked?: PlanOutcome['beside']['asked'];
  /** The candidates in few rows; the fields of each are in `candidates`. */
  readonly table: {
    readonly rows: readonly (Pick<Candidate, 'cut' | 'defense' | 'codec'> & { readonly ties: number })[];
    readonly rest: PlanOutcome['beside']['collapsed']['rest'];
  };
}

/** The document of a search without a feasible plan; with one it is the plan with the search beside it. */
export interface NoPlan extends Pick<PlanOutcome['result'], 'candidates' | 'pareto' | 'conflict'>, BesideFields {
  readonly format: 'cutline.no-plan/1';
  readonly code: 'NO_FEASIBLE_PLAN';
  readonly message: string;
  readonly chosen: null;
  readonly audits: PlanOutcome['audits'];
}

type SearchFields = Pick<
  Plan,
  'chosen' | 'candidates' | 'pareto' | 'audits' | 'alternatives' | 'costOnly' | 'asked' | 'table'
>;

/** What `cutline plan --json` prints: the plan, and what it was chosen from. */
export interface PlanWithSearch extends Omit<Plan, keyof SearchFields>, BesideFields {
  readonly chosen: Candidate;
  readonly candidates: readonly Candidate[];
  readonly pareto: readonly Candidate[];
  readonly audits: PlanOutcome['audits'];
}

export interface PlanAnswer {
  /** The candidates in few rows. */
  readonly collapsed: PlanOutcome['beside']['collapsed'];
  readonly document: PlanWithSearch | NoPlan;
  /** What was asked for, and what was chosen where in the range; empty without one. */
  readonly range: Pick<PlanOutcome, 'ranged' | 'atPaces'>;
  /** Where plan.json was written. */
  readonly path: string | undefined;
  /** What could not be written after all. */
  readonly unwritten: readonly CutlineError[];
}

/** Writes the plan where there is one and a folder for it, and the page where one is asked for. */
export async function answerOf(
  outcome: PlanOutcome,
  out: string | undefined,
  page?: { readonly path: string; readonly markup: string },
): Promise<PlanAnswer> {
  const { plan, result, audits, ranged, atPaces } = outcome;
  const range = { ranged, atPaces };
  const writePage = page !== undefined && (() => writeAtomically(page.path, page.markup));
  const { candidates, pareto, chosen } = result;
  const { collapsed } = outcome.beside;
  const beside = besideFields(outcome.beside);
  if (!plan || !chosen) {
    const relax = conflictText(result.conflict) + relaxationText(result.relaxation);
    const { message } = new CutlineError('NO_FEASIBLE_PLAN', { relax });
    const document: NoPlan = {
      format: 'cutline.no-plan/1',
      code: 'NO_FEASIBLE_PLAN',
      message,
      chosen: null,
      candidates,
      pareto,
      audits,
      conflict: result.conflict,
      ...beside,
    };
    return { document, collapsed, range, path: undefined, unwritten: await writeAll([writePage]) };
  }
  let path: string | undefined;
  const write = async (folder: string) => {
    path = await writePlan(folder, plan, outcome);
  };
  const unwritten = await writeAll([out !== undefined && (() => write(out)), writePage]);
  return {
    document: { ...withoutSearch(plan), chosen, candidates, pareto, audits, ...beside },
    collapsed,
    range,
    path,
    unwritten,
  };
}

function besideFields({ alternatives, costOnly, asked, collapsed }: PlanOutcome['beside']): BesideFields {
  const rows = collapsed.rows.map(({ candidate: { cut, defense, codec }, ties }) => ({ cut, defense, codec, ties }));
  return { alternatives, costOnly, ...(asked && { asked }), table: { rows, rest: collapsed.rest } };
}

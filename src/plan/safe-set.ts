/** The routes of a plan: its own, and those of its safe set, which a device may move to. Pure. */
import { canonicalJson } from '../canonical.ts';
import type { Plan } from './schema.ts';

/** A plan without a safe set: one route. */
export type RoutePlan = Omit<Plan, 'safeSet'> & { readonly safeSet?: undefined };

/** The plan's own route first, under the plan's id; then its safe set's. */
export function routesOf(plan: Plan): readonly [RoutePlan, ...RoutePlan[]] {
  const { safeSet = [], ...own } = plan;
  return [own, ...safeSet];
}

/** The heads of all routes, each once: what a device needs to run any of them. */
export function headsOf(plan: Plan): readonly NonNullable<Plan['head']>[] {
  const heads = routesOf(plan).flatMap(({ head }) => (head ? [head] : []));
  return [...new Map(heads.map((head) => [head.file, head])).values()];
}

/** How messages call a plan or a member of its safe set. */
export const nameIn = ({ planId }: Pick<Plan, 'planId'>, route: Pick<Plan, 'planId'>): string =>
  route.planId === planId ? planId : `${route.planId} (in the safe set of ${planId})`;

type SetPlan = Pick<Plan, 'planId' | 'model' | 'picture' | 'thresholds' | 'answer'> &
  Pick<Plan, 'cut' | 'defense' | 'codec' | 'head' | 'tail' | 'safeSet'>;

/** What of a safe set cannot stand beside the plan: whoever moves between routes must find the same network, pictures and promise. */
export function misfitsInSet(plan: SetPlan): { readonly index: number; readonly problem: string }[] {
  const { safeSet = [] } = plan;
  const answer = [plan, ...safeSet].find((route) => route.tail)?.answer;
  return safeSet.flatMap((member, index) => {
    const before = [plan, ...safeSet.slice(0, index)];
    const problem =
      (differs(member.model.sha256, plan.model.sha256) && 'it is for another model') ||
      (differs(member.model.fixed, plan.model.fixed) && 'it is for the model with other fixed inputs') ||
      (differs(member.picture, plan.picture) && 'it makes inputs of pictures in another way') ||
      (differs(promiseOf(member), promiseOf(plan)) &&
        'it promises another leakage (thresholds threat, maxSsim, maxGain and maxBits) than the plan') ||
      (member.tail && differs(member.answer, answer) && 'its tail answers with other tensors') ||
      (before.some((p) => p.planId === member.planId) && `plan ${member.planId} stands there twice`) ||
      (before.some((p) => !differs(wayOf(p), wayOf(member))) && 'the same cut, defense and codec stand there twice') ||
      sharedFile(member, before);
    return problem ? [{ index, problem }] : [];
  });
}

/** What is promised of what leaves the device. */
const promiseOf = ({ thresholds: { threat, maxSsim, maxGain, maxBits } }: Pick<Plan, 'thresholds'>) => [
  threat,
  maxSsim,
  maxGain ?? null,
  maxBits ?? null,
];

const wayOf = ({ cut, defense, codec }: Pick<Plan, 'cut' | 'defense' | 'codec'>) => [cut.id, defense, codec];

/** They lie in one folder, so a name is one file. */
function sharedFile(member: Pick<Plan, 'head' | 'tail'>, before: readonly Pick<Plan, 'head' | 'tail'>[]) {
  const parts = (plan: Pick<Plan, 'head' | 'tail'>) => [plan.head, plan.tail].filter((part) => part !== null);
  const known = before.flatMap(parts);
  const clash = parts(member).find((p) => known.some((k) => k.file === p.file && k.sha256 !== p.sha256));
  return clash && `${clash.file} is the name of another part as well`;
}

const differs = (a: unknown, b: unknown): boolean => canonicalJson(a ?? null) !== canonicalJson(b ?? null);

/** What the end of an agent on trial says about its plan. */
import type { Ending } from './agent-process.ts';
import { isOfTheNetwork, isOfThePlanItself } from './faults-of-plans.ts';

export type Decision =
  | { readonly kind: 'failed'; readonly code: string; readonly problem: string }
  /** Its pictures came to an end, and it answered them. */
  | { readonly kind: 'confirmed' }
  /** It was ended for reasons of others: the next start goes on with the trial. */
  | { readonly kind: 'unsaid' }
  /** It may be chance. It is started again, but not for ever. */
  | { readonly kind: 'again'; readonly how: string };

/** @param problem why it was asked to leave, when it was */
export function afterTrial(
  { failure, left, signal, exit, hung }: Ending,
  problem: string | undefined,
  wasStopped: boolean,
): Decision {
  if (problem !== undefined) return { kind: 'failed', code: 'UPDATE_TRIAL', problem };
  if (hung) return { kind: 'failed', code: 'UPDATE_TRIAL', problem: 'it gave no sign of life, and was ended' };
  if (wasStopped || left?.wasStopped || (failure && isOfTheNetwork(failure.code))) return { kind: 'unsaid' };
  if (left) return { kind: left.answered > 0 && left.faults === 0 ? 'confirmed' : 'unsaid' };
  if (failure && isOfThePlanItself(failure.code))
    return { kind: 'failed', code: failure.code, problem: failure.message };
  return { kind: 'again', how: failure?.message ?? `the last time it ended with ${signal ?? exit}` };
}

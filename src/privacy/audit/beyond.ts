/** Errors that speak about one candidate only: it stays unaudited, which never counts as safe, and the others go on. */
import { CutlineError, type ErrorCode } from '../../errors.ts';
import type { Attack } from '../attacks/index.ts';

const beyondAttack = new Set<ErrorCode>([
  'NO_GRADIENT_RULE',
  'ACTIVATION_DTYPE',
  'ACTIVATION_NOT_FINITE',
  'ATTACK_DIVERGED',
  'SHADOW_UNFIT',
  'MEMORY_BUDGET',
]);

export function isBeyondAttack(error: unknown): error is CutlineError {
  return error instanceof CutlineError && beyondAttack.has(error.code);
}

/** What a head of one's own asks for besides: labels, a tail or a head that can be differentiated and trained. */
const beyondShadow = new Set<ErrorCode>([...beyondAttack, 'DATA_UNLABELLED', 'TRAINING_DIVERGED']);

/**
 * Whether an audit of several attacks goes on without this one. Only who trains a head of his own may be missing: not every
 * head can be trained, and a weaker attacker is not asked for what a stronger one can do.
 */
export function isDispensable(
  { name, threat }: Pick<Attack, 'name' | 'threat'>,
  error: unknown,
): error is CutlineError {
  const ownHead = threat === 'query-free' || name === 'substitute';
  return ownHead && error instanceof CutlineError && beyondShadow.has(error.code);
}

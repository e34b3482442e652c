/** Errors that speak about one candidate only: it stays unaudited, which never counts as safe, and the others go on. */
import { CutlineError, type ErrorCode } from '../../errors.ts';
import type { Threat } from '../attacks/index.ts';

const beyondAttack = new Set<ErrorCode>([
  'NO_GRADIENT_RULE',
  'ACTIVATION_DTYPE',
  'ACTIVATION_NOT_FINITE',
  'ACTIVATION_SHAPE',
  'ATTACK_DIVERGED',
  'SHADOW_UNFIT',
  'MEMORY_BUDGET',
]);

export function isBeyondAttack(error: unknown): error is CutlineError {
  return error instanceof CutlineError && beyondAttack.has(error.code);
}

/** What a query-free attack asks for besides: labels, and a tail that can be differentiated. */
const beyondShadow = new Set<ErrorCode>([...beyondAttack, 'DATA_UNLABELLED', 'TRAINING_DIVERGED']);

/**
 * Whether an audit of several attacks goes on without this one. Only the weakest attacker may be missing: nobody else's
 * leakage hangs on him.
 */
export function isDispensable(threat: Threat, error: unknown): error is CutlineError {
  return threat === 'query-free' && error instanceof CutlineError && beyondShadow.has(error.code);
}

/** Errors that speak about one attack or one candidate only: what they leave open never counts as safe, and the others go on. */
import { CutlineError, type ErrorCode } from '../../errors.ts';
import type { Threat } from '../attacks/index.ts';

/** The attack was mounted and found nothing out. */
const failures = new Set<string>(['ATTACK_DIVERGED', 'ATTACK_STALLED']);

const beyondAttack = new Set<ErrorCode>([
  'ATTACK_DIVERGED',
  'ATTACK_STALLED',
  'NO_GRADIENT_RULE',
  'GRADIENT_REFUSED',
  'ACTIVATION_DTYPE',
  'ACTIVATION_NOT_FINITE',
  'ACTIVATION_SHAPE',
  'SHADOW_UNFIT',
  'MEMORY_BUDGET',
  'AUDIT_BESIDE',
  'ENGINE_LOAD',
  'ENGINE_RUN',
]);

export const isFailureCode = (code: string): boolean => failures.has(code);

export function isFailure(error: unknown): error is CutlineError {
  return error instanceof CutlineError && isFailureCode(error.code);
}

export function isBeyondAttack(error: unknown): error is CutlineError {
  return error instanceof CutlineError && beyondAttack.has(error.code);
}

/** What a query-free attack asks for besides: labels, and a tail that can be differentiated. */
const beyondShadow = new Set<ErrorCode>(['NO_GRADIENT_RULE', 'SHADOW_UNFIT', 'MEMORY_BUDGET', 'DATA_UNLABELLED']);

/**
 * Whether an audit of several attacks goes on as if this one had not been asked for. Only the weakest attacker may be missing:
 * nobody else's leakage hangs on him.
 */
export function isDispensable(threat: Threat, error: unknown): error is CutlineError {
  return threat === 'query-free' && error instanceof CutlineError && beyondShadow.has(error.code);
}

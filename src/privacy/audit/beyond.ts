/** Errors that speak about one attack or one candidate only: what they leave open never counts as safe, and the others go on. */
import { standIns } from '../../attacks.ts';
import { CutlineError, type ErrorCode } from '../../errors.ts';
import type { Attack } from '../attacks/index.ts';

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
  'DEFENSE_TARGET',
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

/** What a head of one's own asks for besides: labels, a tail or a head that can be differentiated and trained. */
const beyondShadow = new Set<ErrorCode>(['NO_GRADIENT_RULE', 'SHADOW_UNFIT', 'MEMORY_BUDGET', 'DATA_UNLABELLED']);

/** What the answer's attack asks for: pictures of its own, and outputs with a row a picture. */
const beyondAnswer = new Set<ErrorCode>(['ANSWER_UNFIT', 'DATA_TOO_FEW']);

/**
 * Whether an audit of several attacks goes on as if this one had not been asked for. Only the weakest attackers, and who trains
 * a head of his own, may be missing: not every head can be trained, and a weaker attacker is not asked for what a stronger one
 * can do.
 */
export function isDispensable(
  { name, threat }: Pick<Attack, 'name' | 'threat'>,
  error: unknown,
): error is CutlineError {
  if (!(error instanceof CutlineError)) return false;
  if (threat === 'answer-only') return beyondAnswer.has(error.code);
  return standIns.has(name) && beyondShadow.has(error.code);
}

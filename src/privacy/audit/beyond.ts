/** Errors that speak about one candidate only: it stays unaudited, which never counts as safe, and the others go on. */
import { CutlineError, type ErrorCode } from '../../errors.ts';

const beyondAttack = new Set<ErrorCode>([
  'NO_GRADIENT_RULE',
  'ACTIVATION_DTYPE',
  'ACTIVATION_NOT_FINITE',
  'ATTACK_DIVERGED',
]);

export function isBeyondAttack(error: unknown): error is CutlineError {
  return error instanceof CutlineError && beyondAttack.has(error.code);
}

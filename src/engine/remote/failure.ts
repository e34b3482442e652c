/** What a runtime throws, as an error of ours. */
import { CutlineError, type ErrorCode, type ErrorDetails } from '../../errors.ts';
import type { Request } from './protocol.ts';

/** What a runtime says, in our words. */
export interface Complaint {
  readonly problem: string;
  /** The graph is not at fault. */
  readonly lacksMemory: boolean;
}

export type Words = (said: string) => Complaint;

/** Thrown by a session that found itself stopped. */
export class Stopped extends Error {}

export function failureOf(
  error: unknown,
  kind: Request['kind'],
  words: Words,
): { readonly code: ErrorCode; readonly details: ErrorDetails } {
  if (error instanceof Stopped) return { code: 'CANCELLED', details: {} };
  if (error instanceof CutlineError && error.code === 'ENGINE_MISSING') {
    return { code: error.code, details: error.details };
  }
  const { problem, lacksMemory } = words(error instanceof Error ? error.message : String(error));
  if (lacksMemory) return { code: 'ENGINE_MEMORY', details: { problem } };
  return { code: kind === 'load' ? 'ENGINE_LOAD' : 'ENGINE_RUN', details: { problem } };
}

/** What of an answer can be told from a few fields: whose it is, before anything of it is unpacked. */
import { type Body, decodeMessage, type ExpectedTensor } from '../broker/index.ts';
import type { Session } from './session.ts';

/** A plan whose activations are sent. */
export interface SentPlan {
  readonly planId: string;
  readonly session: Session;
  /** What an answer holds; everything else is refused. */
  readonly expected: readonly ExpectedTensor[];
}

/** An answer to us, not unpacked yet. */
export interface Heard<K extends 'result' | 'failure' = 'result' | 'failure'> {
  readonly plan: SentPlan;
  readonly correlationId: string;
  /** Of a short one. */
  readonly sessionId: string | undefined;
  readonly body: Extract<Body, { readonly kind: K }>;
}

/** Undefined for what is no answer to this device and its plans. @throws CutlineError ENVELOPE_INVALID, TENSOR_INVALID */
export function heardIn(
  payload: Buffer,
  { device, plans }: { readonly device: string; readonly plans: readonly SentPlan[] },
): Heard | undefined {
  const message = decodeMessage(payload);
  if ('bodyWith' in message) {
    const { sessionId, correlationId } = message;
    const plan = plans.find(({ session }) => session.owns(sessionId));
    if (!plan) return undefined;
    const body = message.bodyWith(plan.expected);
    return body.kind === 'activation' ? undefined : { plan, correlationId, sessionId, body };
  }
  const { deviceId, correlationId, body } = message;
  const plan = plans.find(({ planId }) => planId === message.planId);
  if (!plan || deviceId !== device || body.kind === 'activation') return undefined;
  return { plan, correlationId, sessionId: undefined, body };
}

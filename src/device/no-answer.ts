/** Why nothing came of an activation. */
import type { Body } from '../broker/index.ts';
import { CutlineError } from '../errors.ts';

type Failure = Extract<Body, { readonly kind: 'failure' }>;

/** What is known of a message that was given up; times by `performance.now()`. */
interface Unanswered {
  readonly enteredMs: number;
  readonly tries: number;
  /** The broker is known to have had the last copy. */
  readonly reached: boolean;
  /** What a consumer last said instead of a result. */
  readonly refusal: Failure | undefined;
}

interface Around {
  readonly fleet: string;
  readonly planId: string;
  /** Undefined while there is a connection. */
  readonly downSinceMs: number | undefined;
}

/** Says whose fault it was, as far as that can be seen from here. */
export function noAnswer(entry: Unanswered, { fleet, planId, downSinceMs }: Around): CutlineError {
  if (entry.refusal) return answerFailed(entry.refusal);
  const nowMs = performance.now();
  const seconds = Math.round((nowMs - entry.enteredMs) / 100) / 10;
  const problem =
    downSinceMs !== undefined
      ? `there has been no connection to the broker for ${Math.round((nowMs - downSinceMs) / 1000)} s`
      : entry.tries === 0
        ? 'it was not sent: the link or the consumer takes no more at a time'
        : entry.reached
          ? `the broker took it ${times(entry.tries)}; is \`cutline consumer\` running for this plan and fleet ${fleet} (plan ${planId})?`
          : 'the broker has not said that it has it: the link is slow or dead';
  return new CutlineError('NO_ANSWER', { seconds, problem });
}

export const answerFailed = ({ code, message }: Failure): CutlineError =>
  new CutlineError('ANSWER_FAILED', { code, problem: message });

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

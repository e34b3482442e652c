/** What a consumer answers when it has no result, and whether sending the same again can help. */
export const failures = {
  /** The activation is of a plan this consumer does not serve. Another one of the fleet may, now or when it is rolled out. */
  PLAN_MISMATCH: { retry: true },
  /** It arrived after its expiry. Who still waits for it knows better, and asks again. */
  EXPIRED: { retry: true },
  /** The queue of the consumer is full. */
  OVERLOADED: { retry: true },
  /** The consumer is shutting down; another one may take it. */
  LEAVING: { retry: true },
  /** The tensors are not those the tail takes. */
  BAD_TENSORS: { retry: false },
  /** The answer does not fit into a message of this broker. */
  ANSWER_TOO_LARGE: { retry: false },
  /** A short message of a session that this consumer does not know. In full it does. */
  UNKNOWN_SESSION: { retry: true },
  /** The tail failed. */
  INTERNAL: { retry: false },
} as const satisfies Record<string, { readonly retry: boolean }>;

export type FailureCode = keyof typeof failures;

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(failures, code);
}

/**
 * Why a message on the answer topic was refused: larger than any answer; not sealed by who has the key; no envelope; for another
 * device or plan, or no answer; nothing that was asked; not the tensors that the plan says; more at once than can be asked for.
 */
export const refusalKinds = ['oversized', 'forged', 'malformed', 'foreign', 'unknown', 'unfit', 'flood'] as const;
export type RefusalKind = (typeof refusalKinds)[number];

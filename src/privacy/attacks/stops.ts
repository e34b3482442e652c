/** Why the descent of one picture ended, and which ends are no measurement. */

/** It went as far as it was let, its features are those observed, or no further step lowers the objective. */
const measured = ['limit', 'enough', 'minimum'] as const;
/**
 * Nothing is known of a picture whose descent ended so: the gradient is zero where it began, no step lowers the objective, it
 * ended where it began; or it came upon what is no number, or ended higher than it began.
 */
const standing = ['flat', 'stuck', 'unmoved'] as const;
const diverged = ['not-finite', 'risen'] as const;

export const misses = [...standing, ...diverged] as const;
export type Miss = (typeof misses)[number];
export type Stop = (typeof measured)[number] | Miss;

export const isMiss = (stop: Stop): stop is Miss => (misses as readonly string[]).includes(stop);
export const isDivergence = (reason: string): boolean => (diverged as readonly string[]).includes(reason);

/**
 * From the picture to now, ms, for one that may have waited on the disk through starts of the agent: only the clock on the wall
 * goes on meanwhile, and it may have been set back. Less than was measured it never was.
 */
export const sinceCapture = (
  { capturedMs, headMs, encodeMs }: { readonly capturedMs: number; readonly headMs: number; readonly encodeMs: number },
  nowMs: number,
): number => Math.max(headMs + encodeMs, nowMs - capturedMs);

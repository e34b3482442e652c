/** When to send bytes for no other purpose than to learn how fast the link is, and how many. Pure. */
import type { RoutesSettings } from './settings.ts';
import type { StreamSpeed } from './stream.ts';
import type { Terms } from './terms.ts';

/** Of the link's time, at most. */
const MOST_MS = 50;
const LEAST_BYTES = 1024;
/** A message tells of one that is so much larger. */
const TELLS_TIMES = 4;

export interface ProbeState {
  readonly nowMs: number;
  readonly lastProbeMs: number;
  readonly speed: StreamSpeed | undefined;
  readonly routes: readonly Terms[];
}

/** Bytes to send now; 0 where the agent's own messages tell enough, or the last probe was not long ago. */
export function probeBytes(
  { nowMs, lastProbeMs, speed, routes }: ProbeState,
  { everyS, maxBytes }: RoutesSettings['probe'],
): number {
  const largest = Math.max(0, ...routes.filter((r) => !r.isLocal).map((r) => r.wireBytes));
  if (maxBytes === 0 || largest === 0 || nowMs - lastProbeMs < 1000 * everyS) return 0;
  const isFresh = speed !== undefined && nowMs - speed.atMs < 1000 * everyS;
  if (isFresh && TELLS_TIMES * speed.fromBytes >= Math.min(largest, maxBytes)) return 0;
  const carried = speed && speed.msPerKb > 0 ? (1000 * MOST_MS) / speed.msPerKb : LEAST_BYTES;
  return Math.floor(Math.min(maxBytes, Math.max(largest, LEAST_BYTES), Math.max(LEAST_BYTES, carried)));
}

import type { Supervised } from './supervised.ts';

/**
 * When to stop delivering what lies in an outbox: as soon as the agent is stopped, or, for one that makes way for another plan, when it
 * has had its time. What waits is of the old plan, and the next agent could do nothing with it.
 */
export function drained(stop: AbortSignal, supervised: Pick<Supervised, 'drainMs'> | undefined): AbortSignal {
  const end = new AbortController();
  const leave = () => {
    const { drainMs } = supervised ?? {};
    if (drainMs === undefined) end.abort();
    else setTimeout(() => end.abort(), drainMs).unref();
  };
  if (stop.aborted) leave();
  else stop.addEventListener('abort', leave, { once: true });
  return end.signal;
}

/**
 * SIGTERM and SIGINT ask a long-running command to finish; a second one ends it at once, by the signal's own effect: that waits
 * neither for what this thread is doing nor for what the engine computes, as an exit would. Whoever has something to keep keeps
 * it when the first one comes.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const names = ['SIGTERM', 'SIGINT'] as const;
  const stop = () => {
    // With the listeners gone, signals have their default effect.
    for (const name of names) process.off(name, stop);
    controller.abort();
  };
  for (const name of names) process.on(name, stop);
  return controller.signal;
}

export async function untilStopped(): Promise<void> {
  const signal = stopSignal();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

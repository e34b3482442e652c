/**
 * SIGTERM and SIGINT ask a long-running command to finish; a second one ends it at once. It does so by the signal’s own effect:
 * an exit would wait for whatever the engine computes just then.
 * @param atOnce what is kept then; it must not wait for anything
 */
export function stopSignal(atOnce?: () => void): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    // With the listener gone, the signal has its default effect.
    process.once(name, () => {
      if (!controller.signal.aborted) {
        controller.abort();
        if (atOnce) process.once(name, () => end(name));
      } else end(name);
    });
  }
  return controller.signal;

  function end(name: NodeJS.Signals): void {
    try {
      atOnce?.();
    } finally {
      process.removeAllListeners(name);
      process.kill(process.pid, name);
    }
  }
}

export async function untilStopped(): Promise<void> {
  const signal = stopSignal();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

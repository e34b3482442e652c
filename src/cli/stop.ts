/** SIGTERM and SIGINT ask a long-running command to finish; a second one ends it at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    // `once`: with the listener gone, the second signal has its default effect.
    process.once(name, () => controller.abort());
  }
  return controller.signal;
}

export async function untilStopped(): Promise<void> {
  const signal = stopSignal();
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

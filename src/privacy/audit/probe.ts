/** Runs an attack for a moment and reckons from how far it got how long all of it takes. */

export interface Probe {
  /** Until it first tells how far it is: loading, asking, solving. */
  readonly setupSeconds: number;
  /** Of all the rest. */
  readonly seconds: number;
  /** It ended before it was stopped: nothing had to be reckoned. */
  readonly finished: boolean;
}

export interface ProbeLimits {
  /** Looked at for so long, from when the attack first tells how far it is. */
  readonly watchedMs: number;
  /** Given up after so long in all. */
  readonly mostMs: number;
  /** What will take no longer than this may as well end: it is kept for the audit. */
  readonly shortMs: number;
}

export const defaultLimits: ProbeLimits = { watchedMs: 2000, mostMs: 20_000, shortMs: 8000 };

/**
 * What comes before an attack first tells how far it is – loading, asking, solving – is not multiplied: only the speed since.
 * @param run given a signal that stops it
 * @returns undefined where it told nothing before it had to be given up
 * @throws what the attack throws of its own
 */
export async function probe(
  run: (signal: AbortSignal, onProgress: (done: number) => void) => Promise<unknown>,
  limits: ProbeLimits = defaultLimits,
  signal?: AbortSignal,
  now: () => number = () => performance.now(),
): Promise<Probe | undefined> {
  const stop = new AbortController();
  const began = now();
  let first: { readonly at: number; readonly done: number } | undefined;
  let latest: { readonly at: number; readonly done: number } | undefined;
  const projected = () => {
    if (!first || !latest || !(latest.done > first.done)) return undefined;
    const perShare = (latest.at - first.at) / (latest.done - first.done);
    return latest.at - first.at + (1 - latest.done) * perShare;
  };
  const setup = () => ((first?.at ?? began) - began) / 1000;
  const onProgress = (done: number) => {
    const at = now();
    if (done > (latest?.done ?? 0)) {
      latest = { at, done };
      first ??= latest;
    }
    const whole = projected();
    if (whole !== undefined && whole > limits.shortMs && at - first!.at >= limits.watchedMs) stop.abort();
  };
  const giveUp = setTimeout(() => stop.abort(), limits.mostMs);
  try {
    await run(signal ? AbortSignal.any([signal, stop.signal]) : stop.signal, onProgress);
    return { setupSeconds: setup(), seconds: (now() - began) / 1000 - setup(), finished: true };
  } catch (error) {
    if (!stop.signal.aborted || signal?.aborted) throw error;
    const whole = projected();
    return whole === undefined ? undefined : { setupSeconds: setup(), seconds: whole / 1000, finished: false };
  } finally {
    clearTimeout(giveUp);
  }
}

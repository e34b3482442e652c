/**
 * How everything here is measured: contestants take turns within a round, so that whatever else the machine does meets
 * both; a ratio is formed within each round; medians are reported with the lowest and the highest.
 */

/** @param {readonly number[]} values */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1) };
}

/**
 * @param {number} rounds
 * @param {() => Promise<number>} ours returns seconds; called once more beforehand, to be warm
 * @param {(() => Promise<number>) | undefined} rival
 * @returns {Promise<{ours: number[], rival: number[] | undefined}>}
 */
export async function takeTurns(rounds, ours, rival) {
  const times = { ours: [], rival: rival && [] };
  await ours();
  await rival?.();
  for (let i = 0; i < rounds; i++) {
    times.ours.push(await ours());
    if (rival) times.rival.push(await rival());
  }
  return times;
}

/**
 * One line of a race.
 * @param {string} name
 * @param {{ours: number[], rival: number[] | undefined}} times seconds a round
 * @param {{unit: string, of: (seconds: number) => number, rival: string, target?: number, note?: string}} how
 *   `of` turns seconds into the unit; `target` is how many times as fast as the rival ours shall be
 */
export function race(name, times, { unit, of, rival, target, note }) {
  const speedup = times.rival && summary(times.ours.map((s, i) => times.rival[i] / s));
  return {
    name,
    unit,
    ours: summary(times.ours.map(of)),
    rival: times.rival ? { name: rival, ...summary(times.rival.map(of)) } : null,
    speedup: speedup ?? null,
    ...(target !== undefined && { target: { speedup: target, met: speedup ? speedup.median >= target : null } }),
    ...(note && { note }),
  };
}

/** Seconds that a piece of work takes. */
export async function seconds(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

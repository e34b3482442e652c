/**
 * How everything here is measured: contestants take turns within a round, so that whatever else the machine does meets
 * both; a ratio is formed within each round; medians are reported with the lowest and the highest.
 *
 * Two clocks run: the wall's, which is what somebody waits for, and the processor's, with all threads of a process, which a
 * busy machine disturbs far less. Targets are judged by the wall on a quiet machine and by the processor on a busy one.
 */

/** @typedef {{wall: number, cpu: number}} Times seconds by both clocks; `cpu` is NaN where nobody knows it */

/** @param {readonly number[]} values */
export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, low: sorted[0], high: sorted.at(-1) };
}

/**
 * @param {number} rounds
 * @param {() => Promise<Times>} ours called once more beforehand, to be warm
 * @param {(() => Promise<Times>) | undefined} rival
 * @returns {Promise<{ours: Times[], rival: Times[] | undefined}>}
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
 * @param {{ours: Times[], rival: Times[] | undefined}} times of each round
 * @param {{unit: string, of: (seconds: number) => number, rival: string, target?: number, busy?: boolean, note?: string}} how
 *   `of` turns seconds into the unit; `target` is how many times as fast as the rival ours shall be
 */
export function race(name, times, { unit, of, rival, target, busy = false, note }) {
  const ratios = (clock) => times.rival?.map((r, i) => r[clock] / times.ours[i][clock]);
  const known = (values) => (values?.every(Number.isFinite) ? summary(values) : null);
  const [speedup, cpuSpeedup] = [known(ratios('wall')), known(ratios('cpu'))];
  const judged = busy && cpuSpeedup ? 'cpu' : 'wall';
  const reached = judged === 'cpu' ? cpuSpeedup : speedup;
  return {
    name,
    unit,
    ours: summary(times.ours.map((t) => of(t.wall))),
    rival: times.rival ? { name: rival, ...summary(times.rival.map((t) => of(t.wall))) } : null,
    speedup,
    cpuSpeedup,
    ...(target !== undefined && { target: { speedup: target, judged, met: reached && reached.median >= target } }),
    ...(note && { note }),
  };
}

/** Starts both clocks. @returns what has been taken since, this process' workers and the engine's threads included */
export function stopwatch() {
  const began = process.cpuUsage();
  const start = performance.now();
  return () => {
    const wall = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(began);
    return { wall, cpu: (user + system) / 1e6 };
  };
}

export async function timed(work) {
  const read = stopwatch();
  await work();
  return read();
}

/** What a piece of work takes of which only the wall's clock is known, such as another process. */
export async function waited(work) {
  const start = performance.now();
  await work();
  return { wall: (performance.now() - start) / 1000, cpu: Number.NaN };
}

/** The same work, a number of times over. */
export function scaled({ wall, cpu }, factor) {
  return { wall: wall * factor, cpu: cpu * factor };
}

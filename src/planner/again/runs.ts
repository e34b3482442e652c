/** Whole numbers as the runs of neighbours among them, from and up to: what one cut runs of a network is mostly one run. */
export type Runs = readonly (readonly [from: number, to: number])[];

/** In the order given. */
export function runsOf(numbers: readonly number[]): Runs {
  const runs: [number, number][] = [];
  for (const n of numbers) {
    const last = runs.at(-1);
    if (last && last[1] === n) last[1] = n + 1;
    else runs.push([n, n + 1]);
  }
  return runs;
}

export const fromRuns = (runs: Runs): number[] =>
  runs.flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));

/** What a row of scores chooses, and how often choices are right. */

/** Index of the largest value, the first of equals; −1, no choice, of none and where one is no number. */
export function argMax(values: ArrayLike<number>): number {
  let best = -1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return -1;
    if (best < 0 || value > values[best]!) best = i;
  }
  return best;
}

/** The choice of each of n rows, one after another. */
export function argMaxRows(data: Float32Array, n: number): number[] {
  const size = data.length / n;
  return Array.from({ length: n }, (_, i) => argMax(data.subarray(i * size, (i + 1) * size)));
}

/** At how many places both chose the same, or the choice is the label: right answers. Who made no choice agrees with nobody. */
export function agreements(choices: ArrayLike<number>, others: ArrayLike<number | undefined>): number {
  let same = 0;
  for (let i = 0; i < choices.length; i++) if (choices[i]! >= 0 && choices[i] === others[i]) same++;
  return same;
}

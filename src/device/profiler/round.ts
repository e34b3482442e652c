/** Four significant digits: more was never measured. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

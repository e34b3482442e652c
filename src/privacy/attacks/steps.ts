/**
 * As many steps of a descent as a budget allows, within limits.
 * @param macs multiplications and additions of one step for one picture, forward
 */
export function stepsWithin(
  budgetMacs: number,
  macs: number,
  [fewest, most]: readonly [fewest: number, most: number],
): number {
  return Math.min(most, Math.max(fewest, Math.floor(budgetMacs / Math.max(1, macs))));
}

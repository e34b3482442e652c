/** From times of one amount of work to a speed that says how it scattered. */
import { quantile } from '../../numeric/index.ts';
import { round } from './round.ts';

export function speedOf(amount: number, ms: readonly number[]) {
  const at = (p: number) => round((1000 * amount) / quantile(ms, 1 - p));
  return {
    value: at(0.5),
    source: 'measured' as const,
    spread: { p10: at(0.1), p90: at(0.9), p5: at(0.05), n: ms.length },
  };
}

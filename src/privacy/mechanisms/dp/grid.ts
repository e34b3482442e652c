/**
 * Values on a grid, so that noise can be whole numbers of steps. Rounding goes towards zero: no row leaves the ball that the
 * sensitivity was computed from, and that is checked in whole numbers, since a float's norm may be off by its last digit.
 */
import type { Row } from '../stage.ts';

export interface Ball {
  readonly norm: 'l1' | 'l2';
  /** In the units of the values. */
  readonly radius: number;
}

/**
 * Whole numbers of steps for each part of a row; steps of a shape that reaches the ball's edge by rounding are taken back.
 * @param step of the grid, > 0
 */
export function onGrid(row: Row, step: number, ball: Ball): Float64Array[] {
  const parts = row.map(({ data }) => Float64Array.from(data, (v) => Math.trunc(v / step)));
  const radius = ball.radius / step;
  const most = ball.norm === 'l2' ? Math.floor(radius * radius) : Math.floor(radius);
  const size = (v: number) => (ball.norm === 'l2' ? v * v : Math.abs(v));
  let total = parts.reduce((sum, p) => sum + p.reduce((s, v) => s + size(v), 0), 0);
  // What was clipped before is over by a handful of steps at most; what was not is pulled in as a whole.
  if (total > most * 1.01) {
    const factor = ball.norm === 'l2' ? Math.sqrt(most / total) : most / total;
    for (const p of parts) for (let i = 0; i < p.length; i++) p[i] = Math.trunc(p[i]! * factor);
    total = parts.reduce((sum, p) => sum + p.reduce((s, v) => s + size(v), 0), 0);
  }
  for (const p of parts) {
    for (let i = 0; i < p.length && total > most; i++) {
      const v = p[i]!;
      if (v === 0) continue;
      p[i] = v - Math.sign(v);
      total += size(p[i]!) - size(v);
    }
  }
  return parts;
}

/** How much faster or slower a device or link would have to be for one way to overtake another. Pure. */
import type { Pace } from './scaled.ts';

export interface BreakEven {
  readonly what: keyof Pace;
  /** Of the speed that the profile has: above 1 faster, below 1 slower. */
  readonly factor: number;
}

const [slowest, fastest] = [1e-3, 1e3];

/**
 * Factors nearest to 1 at which the difference changes its sign, within a thousandth and a thousandfold.
 * @param lead what the loser costs more than the winner at this pace; not negative at 1
 */
export function breakEvens(lead: (pace: Pace) => number): BreakEven[] {
  const found: BreakEven[] = [];
  for (const what of ['device', 'bandwidth'] as const) {
    const at = (factor: number) => lead({ device: 1, bandwidth: 1, [what]: factor });
    for (const end of [slowest, fastest]) {
      const factor = crossing(at, end);
      if (factor !== undefined) found.push({ what, factor });
    }
  }
  return found;
}

/** Between 1 and `end`, by halving on a logarithmic scale; undefined where the sign stays. */
function crossing(at: (factor: number) => number, end: number): number | undefined {
  // A step at a time, so that the crossing nearest to 1 is taken where there are several.
  const steps = 12;
  let low = 0;
  for (let i = 1; i <= steps; i++) {
    let high = (Math.log(end) * i) / steps;
    if (!(at(Math.exp(high)) < 0)) {
      low = high;
      continue;
    }
    for (let k = 0; k < 40; k++) {
      const middle = (low + high) / 2;
      if (at(Math.exp(middle)) < 0) high = middle;
      else low = middle;
    }
    return Math.exp(high);
  }
  return undefined;
}

/** As a phrase: `a device 2.4 times as fast`, `a link with 0.3 of the bandwidth`. */
export function breakEvenText({ what, factor }: BreakEven): string {
  const amount = Number(factor.toPrecision(2));
  const times = factor > 1 ? `${amount} times` : `${amount} of`;
  return what === 'device' ? `a device with ${times} its speed` : `a link with ${times} its bandwidth`;
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dialsFor } from '../../src/page/dials.ts';
import { evenly, orNothing, tenfold } from '../../src/page/scale.ts';

describe('the places of a slider', () => {
  it('stand for figures that lead back to them', () => {
    for (const scale of [evenly(0, 1, 0.01), tenfold(0.01, 1000), orNothing(tenfold(0.1, 100))])
      for (let place = 0; place <= scale.steps; place++) expect(scale.placeOf(scale.valueAt(place))).toBe(place);
  });
});

describe('dials', () => {
  it('reach the numbers that the plan was made with, and write what they read', () => {
    const above = fc.double({ min: 1e-3, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(above, above, above, (mbps, rttMs, rate) => {
        const was = {
          ...{ maxSsim: 0.3, uplinkBps: mbps * 1e6, rttMs, deviceSpeed: 1, ratePerS: rate },
          ...{ objective: 'latency' as const, weights: { latency: 1 } },
        };
        for (const { scale, read, write, optional } of dialsFor(was)) {
          const place = scale.placeOf(read(was));
          expect(place > 0 || optional).toBeTruthy();
          expect(place).toBeLessThan(scale.steps);
          expect(read(write(was, 0.5))).toBeCloseTo(0.5, 9);
        }
      }),
    );
  });
});

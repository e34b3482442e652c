import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spreadOrder } from '../../../src/device/profiler/order.ts';

it('visits everything once, ends first, and leaves no wide gap behind', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), (n) => {
      const order = spreadOrder(n);
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      if (n < 2) return;
      expect(order.slice(0, 2)).toEqual([0, n - 1]);
      const half = order.slice(0, Math.ceil(n / 2) + 1).sort((a, b) => a - b);
      for (let i = 1; i < half.length; i++) expect(half[i]! - half[i - 1]!).toBeLessThanOrEqual(4);
    }),
  );
});

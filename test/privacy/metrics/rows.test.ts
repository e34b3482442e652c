import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cosines, type Rows, sameChoice, shareOf } from '../../../src/privacy/metrics/index.ts';

const rows = (...values: number[][]): Rows => ({
  count: values.length,
  length: values[0]!.length,
  data: Float32Array.from(values.flat()),
});

describe('cosine of features', () => {
  it('is that of each pair', () => {
    const a = rows([1, 0], [3, 4], [1, 2], [0, 0]);
    const b = rows([5, 0], [4, -3], [-2, -4], [1, 1]);
    expect([...cosines(a, b)].map((v) => Math.round(v * 1e9) / 1e9)).toEqual([1, 0, -1, 0]);
  });

  it('refuses what does not match or is no number', () => {
    expect(() => cosines(rows([1, 2]), rows([1], [2]))).toThrow(/cannot compare 1×2 with 2×1/);
    expect(() => cosines(rows([1, 2]), rows([1, Number.NaN]))).toThrow(/no number/);
  });
});

describe('same choice', () => {
  it('compares where the largest score is, the first of equals', () => {
    expect([...sameChoice(rows([1, 2, 2], [0, 0, 9]), rows([0, 7, 7], [9, 9, 9]))]).toEqual([1, 0]);
  });
});

describe('the interval of a share', () => {
  it('agrees with scipy 1.17 (binomtest(k, n).proportion_ci(method="wilson"))', () => {
    for (const [k, n, low, high] of [
      [7, 10, 0.396776, 0.892209],
      [0, 20, 0, 0.161125],
      [100, 100, 0.963005, 1],
      [1, 2, 0.094531, 0.905469],
    ] as const) {
      const found = shareOf(k, n);
      expect(found.share).toBe(k / n);
      expect(found.low).toBeCloseTo(low, 4);
      expect(found.high).toBeCloseTo(high, 4);
    }
  });

  it('holds the share, and is not sure of itself after two', () => {
    expect(shareOf(2, 2).low).toBeLessThan(0.4);
    expect(() => shareOf(0, 0)).toThrow(RangeError);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, p) => {
        const { share, low, high } = shareOf(p * n, n);
        expect(low).toBeLessThanOrEqual(share);
        expect(high).toBeGreaterThanOrEqual(share);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
      }),
    );
  });
});

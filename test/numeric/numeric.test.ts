import { describe, expect, it } from 'vitest';
import {
  agreements,
  argMax,
  argMaxRows,
  cholesky,
  meanSquareOf,
  median,
  quantile,
  squaredDistance,
} from '../../src/numeric/index.ts';

describe('a quantile', () => {
  it('lies between neighbours, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.9)).toBeCloseTo(9);
    expect(quantile([7], 0.1)).toBe(7);
    expect(quantile([10, 9, 100], 1)).toBe(100);
  });

  it('is a tenth of a step from the neighbour where it lies so', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i);
    expect(quantile(values, 0.95)).toBeCloseTo(19.05, 12);
    expect(values[0]).toBe(20);
  });
});

describe('a choice', () => {
  it('is the first of equal scores, row by row', () => {
    expect(argMaxRows(Float32Array.of(1, 3, 3, -1, -5, -2), 2)).toEqual([1, 0]);
    expect(argMax([Number.NEGATIVE_INFINITY])).toBe(0);
  });

  it('is none where a score is no number, and such a choice is never right', () => {
    expect(argMax([])).toBe(-1);
    for (const row of [
      [Number.NaN, 1],
      [1, Number.NaN],
    ])
      expect(argMax(row)).toBe(-1);
    expect(agreements([2, 1, -1, 0], [2, 0, -1, undefined])).toBe(1);
  });
});

describe('squares', () => {
  it('are those of all parts together', () => {
    expect(meanSquareOf([3], Float32Array.of(1, -1, 1))).toBe(3);
    expect(meanSquareOf()).toBe(0);
    expect(squaredDistance([1, 2], Float64Array.of(4, -2))).toBe(25);
  });
});

describe('a Cholesky factor', () => {
  const a = [4, 2, 0.6, 2, 3, 0.4, 0.6, 0.4, 2];

  it.each([
    ['double', Float64Array.from(a), 12],
    ['single', Float32Array.from(a), 5],
  ])('times its transpose is the matrix, in %s precision', (_, matrix, digits) => {
    const l = cholesky(matrix, 3)!;
    expect(l.constructor).toBe(matrix.constructor);
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        const product = [0, 1, 2].reduce((sum, k) => sum + l[i * 3 + k]! * l[j * 3 + k]!, 0);
        expect(product).toBeCloseTo(a[i * 3 + j]!, digits);
      }
  });

  it('is missing where the matrix is indefinite, unless its pivots are held up', () => {
    const indefinite = Float64Array.of(1, 2, 2, 1);
    expect(cholesky(indefinite, 2)).toBeUndefined();
    expect(cholesky(indefinite, 2, 1e-4)).toEqual(Float64Array.of(1, 0, 2, 0.01));
    expect(indefinite).toEqual(Float64Array.of(1, 2, 2, 1));
  });
});

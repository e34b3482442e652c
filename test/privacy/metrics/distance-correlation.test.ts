import { describe, expect, it } from 'vitest';
import { distanceCorrelation, distancesFromGram } from '../../../src/privacy/metrics/index.ts';
import { createRandom } from '../../../src/random.ts';

function gram(rows: readonly (readonly number[])[]): Float64Array {
  return Float64Array.from(rows.flatMap((x) => rows.map((y) => x.reduce((sum, v, k) => sum + v * y[k]!, 0))));
}

const correlate = (x: number[][], y: number[][]) =>
  distanceCorrelation(distancesFromGram(gram(x), x.length), distancesFromGram(gram(y), y.length));

const normals = (n: number, d: number, label: string) => {
  const random = createRandom(1).fork(label);
  return Array.from({ length: n }, () => Array.from({ length: d }, () => random.normal()));
};

describe('distance correlation', () => {
  it('agrees with its definition in numpy', () => {
    const i = Array.from({ length: 12 }, (_, k) => k);
    const x = i.map((k) => [Math.sin(k * 1.3), Math.cos(k * 0.7), Math.sin(k * k * 0.1)]);
    const y = i.map((k) => [x[k]![0]! ** 2 + 0.1 * Math.cos(5 * k), Math.sin(3 * k)]);
    const found = correlate(x, y);
    expect(found.plain).toBeCloseTo(0.4968316717689706, 9);
    expect(found.squared).toBeCloseTo(-0.22770720351614865, 9);
    expect(found).toMatchObject({ value: 0, n: 12 });
  });

  it('is 1 for what is moved, turned and scaled', () => {
    const x = normals(30, 3, 'x');
    const y = x.map(([a, b, c]) => [5 - 2 * b!, 2 * a! + 1, 2 * c!]);
    const { value, plain } = correlate(x, y);
    expect(value).toBeCloseTo(1, 9);
    expect(plain).toBeCloseTo(1, 9);
  });

  it('sees a dependence that has no covariance', () => {
    const x = normals(200, 1, 'x');
    expect(
      correlate(
        x,
        x.map(([a]) => [a! * a!]),
      ).value,
    ).toBeGreaterThan(0.4);
  });

  it('is near 0 for independent data of many dimensions, where the plain estimate is near 1', () => {
    const { value, squared, plain } = correlate(normals(40, 500, 'x'), normals(40, 500, 'y'));
    expect(Math.abs(squared)).toBeLessThan(0.1);
    expect(value).toBeLessThan(0.3);
    expect(plain).toBeGreaterThan(0.9);
  });

  it('is unbiased: its square is 0 on average for independent data', () => {
    let sum = 0;
    for (let t = 0; t < 200; t++) sum += correlate(normals(8, 4, `x${t}`), normals(8, 4, `y${t}`)).squared;
    expect(Math.abs(sum / 200)).toBeLessThan(0.06);
  });

  it('calls data without variation independent, and wants four pictures', () => {
    const same = Array.from({ length: 5 }, () => [1, 2]);
    expect(correlate(same, normals(5, 2, 'x'))).toEqual({ value: 0, squared: 0, plain: 0, n: 5 });
    expect(() => correlate(normals(3, 2, 'x'), normals(3, 2, 'y'))).toThrow(RangeError);
  });
});

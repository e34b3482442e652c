/** Losses against the formulas written with loops, and their cotangents against central differences of those. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  crossEntropy,
  Expressions,
  isotropicVariation,
  type Loss,
  l2,
  meanAbsoluteError,
  meanSquaredError,
  totalVariation,
} from '../../src/autodiff/index.ts';
import { GraphBuilder } from '../../src/model/builder.ts';
import { sizeOf } from '../../src/model/tensor.ts';
import { numbers } from '../support/compare.ts';
import { runReference } from '../support/reference/index.ts';
import { float64, noise } from './check.ts';

/** Constants of the graphs are float32. */
const tolerance = 1e-6;

/** Value and cotangent of a loss of x (and a target) computed by the reference. */
function evaluate(
  write: (g: Expressions, x: string, target: string) => Loss,
  shape: readonly number[],
  x: readonly number[],
  target: readonly number[],
) {
  const b = new GraphBuilder(17);
  b.input('x', 'float32', shape);
  b.input('target', 'float32', shape);
  const loss = write(new Expressions(b), 'x', 'target');
  b.output(loss.value);
  b.output(loss.cotangent);
  const results = runReference(b.build(), { x: float64(x, shape), target: float64(target, shape) });
  const value = results[loss.value]!;
  const cotangent = results[loss.cotangent]!;
  expect(value.shape).toEqual([shape[0]]);
  expect(cotangent.shape).toEqual(shape);
  return { value: numbers(value), cotangent: numbers(cotangent) };
}

/** Checks against `obvious`, which scores one picture. */
function check(
  write: (g: Expressions, x: string, target: string) => Loss,
  obvious: (x: readonly number[], target: readonly number[]) => number,
  shape: readonly number[],
  x: readonly number[],
  target: readonly number[],
): void {
  const size = sizeOf(shape.slice(1));
  const { value, cotangent } = evaluate(write, shape, x, target);
  const score = (values: readonly number[], n: number) =>
    obvious(values.slice(n * size, (n + 1) * size), target.slice(n * size, (n + 1) * size));
  for (let n = 0; n < shape[0]!; n++) {
    const expected = score(x, n);
    expect(Math.abs(value[n]! - expected)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected)));
  }
  const step = 1e-5;
  x.forEach((v, i) => {
    const n = Math.floor(i / size);
    const moved = (by: number) => score(x.with(i, v + by), n);
    const differences = (moved(step) - moved(-step)) / (2 * step);
    expect(Math.abs(cotangent[i]! - differences)).toBeLessThan(tolerance * Math.max(1, Math.abs(differences)));
  });
}

function property(
  write: (shape: readonly number[]) => (g: Expressions, x: string, target: string) => Loss,
  obvious: (shape: readonly number[]) => (x: readonly number[], target: readonly number[]) => number,
  shapes: fc.Arbitrary<readonly number[]>,
): void {
  fc.assert(
    fc.property(shapes, fc.nat(), (shape, seed) => {
      const random = noise(seed);
      const draw = () => Array.from({ length: sizeOf(shape) }, () => 2 * random());
      check(write(shape), obvious(shape), shape, draw(), draw());
    }),
    { numRuns: 25, seed: 3 },
  );
}

const dim = (max: number, min = 1) => fc.integer({ min, max });
const anyShape = fc.array(dim(4), { minLength: 2, maxLength: 4 });
const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;

describe('losses', () => {
  it('mean squared error is the mean over features of (a − b)²', () => {
    property(
      (shape) => (g, x, t) => meanSquaredError(g, x, t, shape),
      () => (x, t) => mean(x.map((v, i) => (v - t[i]!) ** 2)),
      anyShape,
    );
  });

  it('mean absolute error is the mean of √((a − b)² + ε²) − ε', () => {
    const epsilon = 0.25;
    property(
      (shape) => (g, x, t) => meanAbsoluteError(g, x, t, shape, epsilon),
      () => (x, t) => mean(x.map((v, i) => Math.sqrt((v - t[i]!) ** 2 + epsilon ** 2) - epsilon)),
      anyShape,
    );
  });

  it('l2 is the mean of x²', () => {
    property(
      (shape) => (g, x) => l2(g, x, shape),
      () => (x) => mean(x.map((v) => v * v)),
      anyShape,
    );
  });

  const squaredDifferences = (x: readonly number[], c: number, h: number, w: number): number => {
    const at = (k: number, i: number, j: number) => x[(k * h + i) * w + j]!;
    const rows: number[] = [];
    const columns: number[] = [];
    for (let k = 0; k < c; k++) {
      for (let i = 0; i < h; i++) {
        for (let j = 0; j < w; j++) {
          if (i + 1 < h) rows.push((at(k, i + 1, j) - at(k, i, j)) ** 2);
          if (j + 1 < w) columns.push((at(k, i, j + 1) - at(k, i, j)) ** 2);
        }
      }
    }
    return mean(rows) + mean(columns);
  };

  it('total variation is mean(Δrows²) + mean(Δcolumns²)', () => {
    property(
      (shape) => (g, x) => totalVariation(g, x, shape, [2, 3]),
      ([, c, h, w]) =>
        (x) =>
          squaredDifferences(x, c!, h!, w!),
      fc.tuple(dim(3), dim(3), dim(5, 2), dim(5, 2)),
    );
  });

  it('total variation finds the spatial axes of pictures with channels last', () => {
    property(
      (shape) => (g, x) => totalVariation(g, x, shape, [1, 2]),
      ([, h, w, c]) =>
        (x) => {
          const planes = Array.from({ length: c! }, (_, k) => x.filter((_, i) => i % c! === k)).flat();
          return squaredDifferences(planes, c!, h!, w!);
        },
      fc.tuple(dim(3), dim(5, 2), dim(5, 2), dim(3)),
    );
  });

  it('total variation of a flat picture is zero, and its cotangent too', () => {
    const shape = [1, 2, 4, 5];
    const flat = Array.from({ length: 40 }, () => 0.7);
    const { value, cotangent } = evaluate((g, x) => totalVariation(g, x, shape, [2, 3]), shape, flat, flat);
    expect(Math.abs(value[0]!)).toBeLessThan(1e-6);
    expect(Math.max(...cotangent.map(Math.abs))).toBeLessThan(1e-6);
  });

  it('isotropic variation is the mean length of the gradient, smoothed; none leaves the picture', () => {
    const epsilon = 0.2;
    const lengths = (x: readonly number[], c: number, h: number, w: number): number => {
      const at = (k: number, i: number, j: number) => x[(k * h + i) * w + j]!;
      const all: number[] = [];
      for (let k = 0; k < c; k++) {
        for (let i = 0; i < h; i++) {
          for (let j = 0; j < w; j++) {
            const down = i + 1 < h ? at(k, i + 1, j) - at(k, i, j) : 0;
            const across = j + 1 < w ? at(k, i, j + 1) - at(k, i, j) : 0;
            all.push(Math.sqrt(down ** 2 + across ** 2 + epsilon ** 2) - epsilon);
          }
        }
      }
      return mean(all);
    };
    property(
      (shape) => (g, x) => isotropicVariation(g, x, shape, [2, 3], epsilon),
      ([, c, h, w]) =>
        (x) =>
          lengths(x, c!, h!, w!),
      fc.tuple(dim(3), dim(3), dim(5, 2), dim(5, 2)),
    );
    property(
      (shape) => (g, x) => isotropicVariation(g, x, shape, [1, 2], epsilon),
      ([, h, w, c]) =>
        (x) =>
          lengths(Array.from({ length: c! }, (_, k) => x.filter((_, i) => i % c! === k)).flat(), c!, h!, w!),
      fc.tuple(dim(3), dim(5, 2), dim(5, 2), dim(3)),
    );
  });

  it('cross-entropy is −log of the probability of the label', () => {
    fc.assert(
      fc.property(dim(4), dim(6, 2), fc.nat(), (n, classes, seed) => {
        const random = noise(seed);
        const x = Array.from({ length: n * classes }, () => 4 * random());
        const labels = Array.from({ length: n }, () => Math.floor(((random() + 1) / 2) * classes));
        const oneHot = labels.flatMap((label) => Array.from({ length: classes }, (_, k) => Number(k === label)));
        const obvious = (logits: readonly number[], t: readonly number[]) => {
          const total = logits.reduce((sum, v) => sum + Math.exp(v), 0);
          return -Math.log(Math.exp(logits[t.indexOf(1)]!) / total);
        };
        check((g, a, t) => crossEntropy(g, a, t), obvious, [n, classes], x, oneHot);
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  it('cross-entropy stays finite for logits far apart', () => {
    const { value, cotangent } = evaluate((g, a, t) => crossEntropy(g, a, t), [1, 2], [1000, -1000], [0, 1]);
    expect(value).toEqual([2000]);
    expect(cotangent).toEqual([1, -1]);
  });
});

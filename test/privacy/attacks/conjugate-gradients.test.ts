import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conjugateGradients, type QuadraticOptions } from '../../../src/privacy/attacks/solvers/conjugate-gradients.ts';
import { type Evaluation, lbfgs, type Minimum } from '../../../src/privacy/attacks/solvers/lbfgs.ts';
import { createRandom } from '../../../src/random.ts';

type Objective = (x: Float32Array) => { readonly value: number; readonly gradient: readonly number[] };

/** Drives one minimisation; value and gradient are rounded to float32, as they come from the engine. */
function drive(run: Generator<Float32Array, Minimum, Evaluation>, objective: Objective) {
  let evaluations = 0;
  let step = run.next(undefined as never);
  while (!step.done) {
    const { value, gradient } = objective(step.value);
    evaluations++;
    step = run.next({ value: Math.fround(value), gradient: Float32Array.from(gradient) });
    if (evaluations > 100_000) throw new Error('it does not end');
  }
  return { ...step.value, evaluations };
}

const minimise = (objective: Objective, start: readonly number[], options: QuadraticOptions) =>
  drive(conjugateGradients(Float32Array.from(start), options), objective);

/** Σ wᵢ(xᵢ − tᵢ)² + least. */
const bowl =
  (weights: readonly number[], target: readonly number[], least = 0): Objective =>
  (x) => ({
    value: weights.reduce((sum, w, i) => sum + w * (x[i]! - target[i]!) ** 2, least),
    gradient: weights.map((w, i) => 2 * w * (x[i]! - target[i]!)),
  });

describe('conjugate gradients', () => {
  it('find the minimum of a quadratic in as many steps as it has curvatures', () => {
    const list = fc.array(
      fc.record({
        weight: fc.constantFrom(0.1, 1, 7, 30),
        target: fc.double({ min: -5, max: 5, noNaN: true }),
        start: fc.double({ min: -5, max: 5, noNaN: true }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(list, (numbers) => {
        const target = numbers.map((n) => n.target);
        const weights = numbers.map((n) => n.weight);
        const { point } = minimise(
          bowl(weights, target),
          numbers.map((n) => n.start),
          { iterations: new Set(weights).size },
        );
        for (const [i, t] of target.entries()) expect(Math.abs(point[i]! - t)).toBeLessThan(2e-3);
      }),
    );
  });

  it('ask once a step, once at the start and seldom besides', () => {
    const random = createRandom(5);
    const weights = Array.from({ length: 300 }, () => random.uniform() + 0.01);
    const target = weights.map(() => random.normal());
    const { evaluations, iterations, value, first } = minimise(
      bowl(weights, target),
      target.map(() => 0),
      {
        iterations: 20,
      },
    );
    expect(iterations).toBe(20);
    expect(evaluations).toBeLessThanOrEqual(24);
    expect(value).toBeLessThan(1e-2 * first);
  });

  it('go on below what float32 tells apart of the first value', () => {
    const random = createRandom(6);
    const weights = Array.from({ length: 200 }, () => 0.3 + random.uniform());
    const target = weights.map(() => random.normal());
    const objective = bowl(weights, target);
    const { point, value, first, stop } = minimise(
      objective,
      target.map(() => 0),
      { iterations: 200, enough: 1e-11 },
    );
    expect(stop).toBe('enough');
    expect(value / first).toBeLessThan(1e-12);
    // What it says of the point is what is there.
    expect(Math.fround(objective(point).value)).toBe(value);
  });

  it('settle where the minimum is not zero, as with a prior', () => {
    const { point, stop, iterations } = minimise(bowl([1, 3, 5], [1, 2, 3], 4), [0, 0, 0], { iterations: 100 });
    expect([...point].map((v) => Math.round(1000 * v))).toEqual([1000, 2000, 3000]);
    expect(stop).toBe('minimum');
    expect(iterations).toBeLessThan(8);
  });

  it('take waves that bend alike together, and so need fewer steps', () => {
    const [height, width] = [16, 12];
    const random = createRandom(7);
    // Curvature falls with frequency, four thousand times from end to end.
    const weights = Array.from({ length: height * width }, (_, i) => {
      const [u, v] = [Math.floor(i / width) / height, (i % width) / width];
      return 1 / (1 + 45 * (u * u + v * v)) ** 2;
    });
    const target = weights.map(() => random.normal());
    const start = weights.map(() => 0);
    const plain = minimise(bowl(weights, target), start, { iterations: 12 });
    const waves = { planes: 1, height, width };
    const better = minimise(bowl(weights, target), start, { iterations: 12, waves });
    expect(better.value).toBeLessThan(plain.value / 1000);
  });

  it('say why they ended', () => {
    const two = bowl([1, 2], [1, 2]);
    expect(minimise(two, [1, 2], { iterations: 9 })).toMatchObject({ stop: 'enough', evaluations: 1 });
    expect(minimise(two, [5, 5], { iterations: 1 })).toMatchObject({ stop: 'limit', iterations: 1 });
    expect(minimise(() => ({ value: 3, gradient: [0, 0] }), [1, 2], { iterations: 9 })).toMatchObject({
      stop: 'flat',
      evaluations: 1,
    });
    expect(minimise(() => ({ value: 3, gradient: [Number.NaN, 0] }), [1, 2], { iterations: 9 })).toMatchObject({
      stop: 'not-finite',
      evaluations: 1,
    });
    expect(minimise(bowl([1e-9, 1e-9], [5, 5], 1000), [0, 0], { iterations: 9 }).stop).toBe('unmoved');
  });

  it('take no step where none is asked for', () => {
    expect(minimise(bowl([1], [2]), [0], { iterations: 0 })).toMatchObject({ iterations: 0, evaluations: 1 });
  });

  it.each<[string, Objective]>([
    ['is no quadratic', (x) => ({ value: x[0]! ** 4 + x[1]! ** 2, gradient: [4 * x[0]! ** 3, 2 * x[1]!] })],
    [
      'has a gradient that is too steep',
      (x) => ({ value: bowl([1, 3], [1, 2])(x).value, gradient: bowl([1e5, 3e5], [1, 2])(x).gradient }),
    ],
    [
      'has a gradient that leads uphill',
      (x) => ({ value: x[0]! ** 2 + x[1]! ** 2, gradient: [-2 * x[0]!, -2 * x[1]!] }),
    ],
    [
      'ends where there are no numbers',
      (x) => ({ value: x[0]! > 2 ? Number.NaN : (x[0]! - 9) ** 2, gradient: [2 * (x[0]! - 9), 0] }),
    ],
  ])('leave to L-BFGS what %s', (_, objective) => {
    for (const waves of [undefined, { planes: 1, height: 1, width: 2 }]) {
      const found = minimise(objective, [1.5, 1], { iterations: 30, waves });
      const { evaluations: _asked, ...expected } = drive(lbfgs(Float32Array.of(1.5, 1), { iterations: 30 }), objective);
      expect(found).toMatchObject(expected);
    }
  });

  it('do not change the array they start from', () => {
    const start = Float32Array.of(3, 4);
    drive(conjugateGradients(start, { iterations: 5 }), bowl([1, 2], [0, 0]));
    expect([...start]).toEqual([3, 4]);
  });
});

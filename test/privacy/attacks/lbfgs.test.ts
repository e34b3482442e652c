import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { minimiseBatch } from '../../../src/privacy/attacks/solvers/batch.ts';
import { type Evaluation, lbfgs, type Minimum } from '../../../src/privacy/attacks/solvers/lbfgs.ts';
import { createRandom } from '../../../src/random.ts';

type Objective = (x: Float32Array) => { readonly value: number; readonly gradient: readonly number[] };

interface Run extends Minimum {
  readonly evaluations: number;
  readonly values: readonly number[];
}

/** Drives one minimisation; value and gradient are rounded to float32, as they come from the engine. */
function minimise(objective: Objective, start: readonly number[], iterations: number): Run {
  const run = lbfgs(Float32Array.from(start), { iterations });
  const values: number[] = [];
  let step = run.next(undefined as never);
  while (!step.done) {
    const { value, gradient } = objective(step.value);
    values.push(Math.fround(value));
    step = run.next({ value: Math.fround(value), gradient: Float32Array.from(gradient) });
    if (values.length > 100_000) throw new Error('it does not end');
  }
  return { ...step.value, evaluations: values.length, values };
}

/** Σ wᵢ(xᵢ − tᵢ)². */
const quadratic =
  (weights: readonly number[], target: readonly number[]): Objective =>
  (x) => ({
    value: weights.reduce((sum, w, i) => sum + w * (x[i]! - target[i]!) ** 2, 0),
    gradient: weights.map((w, i) => 2 * w * (x[i]! - target[i]!)),
  });

const rosenbrock: Objective = (p) => {
  const [x, y] = [p[0]!, p[1]!];
  return {
    value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    gradient: [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
  };
};

describe('L-BFGS', () => {
  it('finds the minimum of any well-conditioned quadratic', () => {
    const numbers = fc.array(
      fc.record({
        weight: fc.double({ min: 0.1, max: 30, noNaN: true }),
        target: fc.double({ min: -5, max: 5, noNaN: true }),
        start: fc.double({ min: -5, max: 5, noNaN: true }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    fc.assert(
      fc.property(numbers, (list) => {
        const target = list.map((n) => n.target);
        const weights = list.map((n) => n.weight);
        const { point, evaluations } = minimise(
          quadratic(weights, target),
          list.map((n) => n.start),
          100,
        );
        for (const [i, t] of target.entries()) expect(Math.abs(point[i]! - t)).toBeLessThan(2e-3);
        expect(evaluations).toBeLessThan(200);
      }),
    );
  });

  it('follows the bend of Rosenbrock’s valley', () => {
    const { point, iterations, evaluations } = minimise(rosenbrock, [-1.2, 1], 200);
    expect(point[0]).toBeCloseTo(1, 2);
    expect(point[1]).toBeCloseTo(1, 2);
    expect(iterations).toBeLessThan(80);
    expect(evaluations).toBeLessThan(2.5 * iterations);
  });

  it('copes with curvatures a million times apart', () => {
    const weights = [1e-3, 1e-1, 1, 30, 1e3];
    const { value } = minimise(quadratic(weights, [1, 1, 1, 1, 1]), [0, 0, 0, 0, 0], 300);
    expect(value).toBeLessThan(1e-6);
  });

  it('never ends above where it began', () => {
    const random = createRandom(4);
    // Steps and creases: neither the gradient nor the values are to be relied on.
    const rough: Objective = (x) => ({
      value: x.reduce((sum, v) => sum + Math.abs(v) + 0.3 * Math.floor(3 * v) ** 2, 0),
      gradient: [...x].map((v) => Math.sign(v) + random.normal()),
    });
    for (let i = 0; i < 50; i++) {
      const start = Array.from({ length: 6 }, () => 4 * random.normal());
      const { value, values, point } = minimise(rough, start, 40);
      expect(value).toBeLessThanOrEqual(values[0]!);
      expect(Math.fround(rough(point).value)).toBe(value);
    }
  });

  it('gets out of a crease', () => {
    const absolute: Objective = (x) => ({
      value: x.reduce((sum, v, i) => sum + (i + 1) * Math.abs(v - i), 0),
      gradient: [...x].map((v, i) => (i + 1) * Math.sign(v - i)),
    });
    const { value, values } = minimise(absolute, [5, 5, 5, 5], 200);
    expect(value).toBeLessThan(values[0]! / 50);
  });

  it('stays on a plateau, asking once', () => {
    const flat: Objective = (x) => ({ value: 3, gradient: [...x].fill(0) });
    const { point, iterations, evaluations, stop } = minimise(flat, [1, 2], 50);
    expect([...point]).toEqual([1, 2]);
    expect([iterations, evaluations, stop]).toEqual([0, 1, 'flat']);
  });

  it('says why it ended', () => {
    const bowl = quadratic([1, 1], [1, 2]);
    expect(minimise(bowl, [1, 2], 50).stop).toBe('enough');
    expect(minimise(rosenbrock, [-1.2, 1], 5).stop).toBe('limit');
    // Above 0 there is nothing to reach but the lowest point itself.
    const lifted: Objective = (x) => ({ value: bowl(x).value + 1, gradient: bowl(x).gradient });
    expect(minimise(lifted, [5, 5], 100)).toMatchObject({ stop: 'minimum', first: 26 });
  });

  it.each([
    ['a hundred thousand times too steep', 1e5],
    ['the wrong way', -1],
  ])('took no step along a gradient that is %s, and does not pass for a minimum', (_, factor) => {
    const bowl = quadratic([1, 3], [1, 2]);
    const wrong: Objective = (x) => ({ value: bowl(x).value, gradient: bowl(x).gradient.map((g) => factor * g) });
    expect(minimise(wrong, [5, 5], 50)).toMatchObject({ iterations: 0, stop: 'stuck' });
  });

  it('took no way where values hardly change', () => {
    const shallow: Objective = (x) => ({ value: 1000 + 0.02 * (x[0]! - 0.1) ** 2, gradient: [0.04 * (x[0]! - 0.1)] });
    expect(minimise(shallow, [0], 9)).toMatchObject({ iterations: 1, stop: 'unmoved' });
  });

  it('goes round points whose gradient is no number, and says so where there are no others', () => {
    const hole: Objective = (x) => ({
      value: (x[0]! - 3) ** 2,
      gradient: [x[0]! > 2.4 ? Number.NaN : 2 * (x[0]! - 3)],
    });
    const { point, stop } = minimise(hole, [0], 50);
    expect(point[0]).toBeGreaterThan(0.5);
    expect(point[0]).toBeLessThanOrEqual(2.4);
    expect(stop).toBe('not-finite');
  });

  it('stops at a minimum that it is started on', () => {
    const { iterations, evaluations } = minimise(quadratic([1, 1], [1, 2]), [1, 2], 50);
    expect([iterations, evaluations]).toEqual([0, 1]);
  });

  it('gives up on a gradient that lies uphill, where it began', () => {
    const { point, value, evaluations } = minimise((x) => ({ value: x[0]! ** 2, gradient: [-2 * x[0]!] }), [2], 50);
    expect([[...point], value]).toEqual([[2], 4]);
    expect(evaluations).toBeLessThan(40);
  });

  it('turns back from where there are no numbers', () => {
    // −log x + x: nothing left of 0; the first step from 5 goes well beyond where it is defined.
    const barrier: Objective = (x) => ({
      value: 1000 * (x[0]! - 0.01 - 0.01 * Math.log(x[0]!)),
      gradient: [1000 * (1 - 0.01 / x[0]!)],
    });
    const { point, value } = minimise(barrier, [5], 100);
    expect(point[0]).toBeCloseTo(0.01, 3);
    expect(value).toBeGreaterThan(0);
  });

  it.each([
    ['value', { value: Number.NaN, gradient: [1, 1] }],
    ['gradient', { value: 1, gradient: [Number.NaN, 1] }],
    ['infinite value', { value: Number.POSITIVE_INFINITY, gradient: [Number.NaN, Number.NaN] }],
  ])('ends where it began when all is lost from the start: %s', (_, answer) => {
    const { point, evaluations, stop } = minimise(() => answer, [1, 2], 20);
    expect([...point]).toEqual([1, 2]);
    expect([evaluations, stop]).toEqual([1, 'not-finite']);
  });

  it.each([0, 1, 2, 7])('takes no more than %i steps', (limit) => {
    const { iterations, value, values } = minimise(rosenbrock, [-1.2, 1], limit);
    expect(iterations).toBe(limit);
    if (limit > 0) expect(value).toBeLessThan(values[0]!);
  });

  it('does not change the array it starts from', () => {
    const start = Float32Array.of(3, 4);
    const run = lbfgs(start, { iterations: 5 });
    let step = run.next(undefined as never);
    while (!step.done)
      step = run.next({ value: step.value[0]! ** 2, gradient: Float32Array.of(2 * step.value[0]!, 0) });
    expect([...start]).toEqual([3, 4]);
  });
});

describe('a batch of minimisations', () => {
  it('gives each the minimum it finds alone, whenever the others are done', async () => {
    const starts = [
      [-1.2, 1],
      [1, 1],
      [0, 0],
      [2, 2],
    ];
    let evaluated = 0;
    const running: number[] = [];
    const { minima, evaluations } = await minimiseBatch(
      starts.map((s) => lbfgs(Float32Array.from(s), { iterations: 60 })),
      2,
      async (points) => {
        evaluated++;
        const all = starts.map((_, i) => rosenbrock(points.subarray(2 * i, 2 * i + 2)));
        const gradients = Float32Array.from(all.flatMap((e) => e.gradient));
        return { values: Float32Array.from(all, (e) => e.value), gradients };
      },
      (left) => running.push(left),
    );
    expect(minima.map((m) => [...m.point])).toEqual(starts.map((s) => [...minimise(rosenbrock, s, 60).point]));
    expect(evaluations).toBe(evaluated);
    expect(running[0]).toBeLessThan(4);
    expect(running.at(-1)).toBe(0);
    expect(running).toEqual([...running].sort((a, b) => b - a));
    expect(evaluations).toBe(Math.max(...starts.map((s) => minimise(rosenbrock, s, 60).evaluations)));
  });

  it('needs no evaluation for no problem', async () => {
    const never = () => Promise.reject(new Error('evaluated'));
    expect(await minimiseBatch([], 3, never)).toEqual({ minima: [], evaluations: 0 });
  });

  it('passes on a failed evaluation', async () => {
    const problems = [lbfgs(new Float32Array(2), { iterations: 3 }) as Generator<Float32Array, Minimum, Evaluation>];
    await expect(minimiseBatch(problems, 2, () => Promise.reject(new Error('gone')))).rejects.toThrow('gone');
  });
});

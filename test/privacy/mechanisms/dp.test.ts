import { describe, expect, it } from 'vitest';
import { asFloat32, float32 } from '../../../src/model/tensor.ts';
import { analyticGaussianSd } from '../../../src/privacy/mechanisms/dp/analytic-gaussian.ts';
import { Coins } from '../../../src/privacy/mechanisms/dp/bernoulli.ts';
import { deltaOfRho, epsilonOfRho, rhoOf, sigmaFor } from '../../../src/privacy/mechanisms/dp/concentrated.ts';
import { discreteGaussian, discreteLaplace } from '../../../src/privacy/mechanisms/dp/discrete.ts';
import { onGrid } from '../../../src/privacy/mechanisms/dp/grid.ts';
import { compileMechanism, release, seededNoise } from '../../../src/privacy/mechanisms/index.ts';
import { createRandom } from '../../../src/random.ts';

const words = (seed: number) => {
  const source = seededNoise(createRandom(seed));
  return (out: Uint32Array) => source.words(out);
};

describe('the analytic Gaussian mechanism', () => {
  // Balle and Wang's own algorithm at Δ = 1, δ = 1e-5.
  it.each([
    [0.1, 30.7496],
    [0.5, 7.03183],
    [1, 3.73063],
    [2, 1.99381],
    [4, 1.08116],
    [8, 0.600229],
    [16, 0.344177],
  ])('ε = %f takes σ = %f', (epsilon, sigma) => {
    expect(analyticGaussianSd({ epsilon, delta: 1e-5, sensitivity: 1 }) / sigma).toBeCloseTo(1, 5);
    expect(analyticGaussianSd({ epsilon, delta: 1e-5, sensitivity: 7 }) / sigma).toBeCloseTo(7, 4);
  });
});

describe('concentrated accounting', () => {
  it.each([0.1, 0.5, 1, 4, 16])(
    'asks at ε = %f for more noise than the analytic bound, and not for much more',
    (epsilon) => {
      const ratio = sigmaFor(epsilon, 1e-5) / analyticGaussianSd({ epsilon, delta: 1e-5, sensitivity: 1 });
      expect(ratio).toBeGreaterThan(1);
      expect(ratio).toBeLessThan(1.12);
    },
  );

  it('tells back the ε that was asked for', () => {
    for (const epsilon of [0.3, 2, 9])
      expect(epsilonOfRho(rhoOf(1, sigmaFor(epsilon, 1e-6)), 1e-6)).toBeCloseTo(epsilon, 6);
  });

  it('composes: four releases at ρ are one at 4ρ, which costs less than four times ε', () => {
    const rho = rhoOf(1, sigmaFor(0.5, 1e-5));
    const four = epsilonOfRho(4 * rho, 1e-5);
    expect(four).toBeGreaterThan(0.5);
    expect(four).toBeLessThan(2);
    expect(deltaOfRho(4 * rho, four)).toBeCloseTo(1e-5, 8);
  });
});

describe('exact sampling', () => {
  const n = 100_000;
  // χ² with as many cells as values that come 200 times or more.
  const fits = (draw: () => number, weight: (x: number) => number) => {
    const counts = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      const x = draw();
      counts.set(x, (counts.get(x) ?? 0) + 1);
    }
    const support = Array.from({ length: 401 }, (_, i) => i - 200);
    const total = support.reduce((sum, x) => sum + weight(x), 0);
    const cells = support.filter((x) => (n * weight(x)) / total >= 200);
    const chi = cells.reduce((sum, x) => {
      const expected = (n * weight(x)) / total;
      return sum + ((counts.get(x) ?? 0) - expected) ** 2 / expected;
    }, 0);
    // Five standard deviations above its mean.
    expect(chi).toBeLessThan(cells.length + 5 * Math.sqrt(2 * cells.length));
  };

  it.each([1, 3, 10])('draws a discrete Gaussian of σ = %i', (sigma) => {
    const coins = new Coins(words(sigma));
    fits(
      () => discreteGaussian(coins, sigma),
      (x) => Math.exp((-x * x) / (2 * sigma * sigma)),
    );
  });

  it.each([1, 3, 10])('draws a discrete Laplace of t = %i', (t) => {
    const coins = new Coins(words(t));
    fits(
      () => discreteLaplace(coins, t),
      (x) => Math.exp(-Math.abs(x) / t),
    );
  });
});

describe('values on a grid', () => {
  it('never leave the ball that the sensitivity was computed from', () => {
    const random = createRandom(1);
    for (const norm of ['l1', 'l2'] as const) {
      for (const scale of [0.1, 1, 50]) {
        const data = random.fillNormal(new Float32Array(200), scale);
        const [steps] = onGrid([{ name: 'a', shape: [200], data }], 1 / 300, { norm, radius: 1 });
        const size = steps!.reduce((sum, v) => sum + (norm === 'l2' ? v * v : Math.abs(v)), 0);
        expect(size).toBeLessThanOrEqual(norm === 'l2' ? 300 * 300 : 300);
        expect(steps!.every(Number.isInteger)).toBe(true);
      }
    }
  });
});

/** Two pictures as far apart as clipping allows, told apart from many releases: what is seen of δ at ε, from below. */
function seenDelta(spec: string, epsilon: number, shrink: number): number {
  const n = 40_000;
  const layout = { input: [1], activation: [{ name: 'a', shape: [2] }] };
  const mechanism = compileMechanism(spec, layout);
  const first = (sign: number, seed: number) => {
    const rows = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 === 0 ? 100 * sign : 0));
    const out = release(mechanism, 'activation', { a: float32(rows, [n, 2]) }, seededNoise(createRandom(seed)));
    const center = sign;
    // As if the noise had been `shrink` times as wide.
    return asFloat32(out.a)
      .filter((_, i) => i % 2 === 0)
      .map((v) => center + (v - center) * shrink);
  };
  const [high, low] = [first(1, 1), first(-1, 2)];
  const share = (values: Float32Array, least: number) => values.filter((v) => v > least).length / n;
  let best = 0;
  for (let least = -2; least < 20; least += 0.25) {
    const [p, q] = [share(high, least), share(low, least)];
    const error = 4 * Math.sqrt((p * (1 - p) + Math.exp(2 * epsilon) * q * (1 - q)) / n + 1e-9);
    best = Math.max(best, p - Math.exp(epsilon) * q - error);
  }
  return best;
}

describe('a guarantee, audited', () => {
  it.each(['clip(l2=1)+gauss(eps=1,delta=0.01)', 'clip(linf=1)+gauss(eps=1,delta=0.01)'])('%s keeps δ at ε', (spec) => {
    expect(seenDelta(spec, 1, 1)).toBeLessThanOrEqual(0.01);
  });

  it('would be caught with half the sensitivity', () => {
    expect(seenDelta('clip(l2=1)+gauss(eps=1,delta=0.01)', 1, 0.5)).toBeGreaterThan(0.01);
  });

  it('keeps a pure ε with Laplace noise, and would be caught with a third of it', () => {
    expect(seenDelta('clip(linf=1)+laplace(eps=2)', 2, 1)).toBeLessThanOrEqual(0);
    expect(seenDelta('clip(linf=1)+laplace(eps=2)', 2, 1 / 3)).toBeGreaterThan(0.01);
  });

  it('counts all elements of all tensors of a cut', () => {
    const one = compileMechanism('clip(linf=1)+gauss(eps=1,delta=1e-5)', {
      input: [1],
      activation: [{ name: 'a', shape: [4] }],
    });
    const two = compileMechanism('clip(linf=1)+gauss(eps=1,delta=1e-5)', {
      input: [1],
      activation: [
        { name: 'a', shape: [4] },
        { name: 'b', shape: [3, 4] },
      ],
    });
    if (one.guarantee.kind !== 'dp' || two.guarantee.kind !== 'dp') throw new Error('no guarantee');
    expect(one.guarantee.sensitivity).toBeCloseTo(4, 9);
    expect(two.guarantee.sensitivity).toBeCloseTo(8, 9);
    expect(two.guarantee.rho).toBeCloseTo(one.guarantee.rho, 12);
  });

  it('survives what only looks at what was released, and is refused where data come in again', () => {
    expect(compileMechanism('clip(l2=1)+gauss(eps=1,delta=1e-5)+quant(bits=4)').guarantee.kind).toBe('dp');
    expect(compileMechanism('clip(l2=1)+dropout(rate=0.5)+gauss(eps=1,delta=1e-5)').guarantee).toMatchObject({
      sensitivity: 4,
    });
    expect(() => compileMechanism('clip(l2=1)+gauss(sd=1)+gauss(eps=1,delta=1e-5)')).toThrow(/a clip before/);
    expect(() => compileMechanism('input.clip(l2=1)+gauss(eps=1,delta=1e-5)')).toThrow(/a clip before/);
  });
});

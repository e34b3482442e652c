/** The best route, held against every route there is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FoundRoute,
  type HopStep,
  nothing,
  plus,
  type RouteCost,
  type RouteProblem,
  type Step,
} from '../../src/planner/routes/route.ts';
import { bestRoute } from '../../src/planner/routes/shortest.ts';
import { createRandom } from '../../src/random.ts';

/** Every route, one after the other, as plainly as can be. */
function everyRoute(p: RouteProblem): FoundRoute[] {
  const found: FoundRoute[] = [];
  const walk = (tier: number, cut: number, hops: number, cost: RouteCost, steps: readonly Step[]) => {
    if (tier === p.goal && cut === p.cuts - 1) found.push({ steps, cost });
    if (steps.at(-1)?.kind !== 'stage') {
      for (let to = cut + 1; to < p.cuts; to++) {
        if (!p.follows(cut, to)) continue;
        const own = { tier, from: cut, to };
        walk(tier, to, hops, plus(cost, p.stage(own)), [...steps, { kind: 'stage', ...own }]);
      }
    }
    if (hops === p.mostHops) return;
    for (let to = 0; to < p.tiers; to++) {
      if (to === tier) continue;
      for (const h of p.hops(cut, tier, to)) walk(to, cut, hops + 1, plus(cost, h.cost), [...steps, h.step]);
    }
  };
  walk(p.source, 0, 0, nothing, []);
  const within = (c: RouteCost) => Object.entries(p.bounds).every(([d, most]) => c[d as keyof RouteCost] <= most);
  return found.filter((r) => within(r.cost));
}

const problems: fc.Arbitrary<RouteProblem> = fc
  .record({
    tiers: fc.integer({ min: 1, max: 3 }),
    cuts: fc.integer({ min: 2, max: 5 }),
    mostHops: fc.integer({ min: 0, max: 3 }),
    seed: fc.nat(),
    energyWeight: fc.constantFrom(0, 0.3),
    bounds: fc.record(
      { energyMj: fc.integer({ min: 1, max: 60 }), bytes: fc.integer({ min: 1, max: 60 }) },
      { requiredKeys: [] },
    ),
  })
  .map(({ tiers, cuts, mostHops, seed, energyWeight, bounds }) => {
    const random = createRandom(seed);
    const some = (): RouteCost => ({
      latencyMs: random.int(20),
      energyMj: random.int(20),
      bytes: random.int(20),
      cloudMs: random.int(20),
      downloadBytes: random.int(20),
    });
    const costs = new Map<string, RouteCost>();
    const at = (key: string) => {
      if (!costs.has(key)) costs.set(key, some());
      return costs.get(key)!;
    };
    const gone = new Set(Array.from({ length: 4 }, () => `${random.int(3)} ${random.int(3)} ${random.int(5)}`));
    const apart = new Set([`${random.int(4)} ${1 + random.int(4)}`]);
    return {
      ...{ tiers, cuts, mostHops, source: 0, goal: random.int(tiers), bounds },
      follows: (a, b) => !apart.has(`${a} ${b}`),
      stage: ({ tier, from, to }) => at(`s ${tier} ${from} ${to}`),
      hops: (cut, from, to) =>
        gone.has(`${from} ${to} ${cut}`)
          ? []
          : (['float32', 'uint8'] as const).map((codec) => ({
              step: { kind: 'hop', from, to, cut, defense: 'none', codec } satisfies HopStep,
              cost: at(`h ${from} ${to} ${cut} ${codec}`),
            })),
      objective: (c) => c.latencyMs + energyWeight * c.energyMj,
    };
  });

describe('the best route', () => {
  it('is as good as the best of all routes, within the same bounds', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const all = everyRoute(problem);
        const best = bestRoute(problem);
        expect(best === undefined).toBe(all.length === 0);
        if (!best) return;
        expect(problem.objective(best.cost)).toBeCloseTo(Math.min(...all.map((r) => problem.objective(r.cost))), 9);
        expect(all).toContainEqual(best);
      }),
      { numRuns: 300 },
    );
  });
});

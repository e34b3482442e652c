/** What is reckoned to wait, held against what waits in a simulation, event by event. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { price } from '../../src/planner/price.ts';
import { loaded } from '../../src/planner/queue/loaded.ts';
import {
  type Arrivals,
  departures,
  meanWaitMs,
  type Stage,
  utilisation,
  waitP95Ms,
} from '../../src/planner/queue/waiting.ts';
import { search } from '../../src/planner/search.ts';
import { createRandom, type Random } from '../../src/random.ts';
import { problem, truth } from './arbitrary.ts';

const exponential = (random: Random) => -Math.log(1 - random.uniform());

/** Of this mean and scatter: lognormal, which is any scatter there is. */
function drawn(random: Random, mean: number, scatter: number): () => number {
  if (scatter === 0) return () => mean;
  if (scatter === 1) return () => mean * exponential(random);
  const sigma = Math.sqrt(Math.log(1 + scatter));
  return () => mean * Math.exp(sigma * random.normal() - sigma ** 2 / 2);
}

/** Stages one after the other, first come first served; the waits of each, ms. */
function simulated(stages: readonly Stage[], arrivals: Arrivals, count: number, seed: number): Float64Array[] {
  const random = createRandom(seed);
  const between = drawn(random, 1e3 / arrivals.ratePerS, arrivals.scatter);
  let comes = new Float64Array(count);
  for (let i = 1; i < count; i++) comes[i] = comes[i - 1]! + between();
  return stages.map((stage, place) => {
    const service = drawn(createRandom(seed + place + 1), stage.serviceMs, stage.scatter);
    const free = new Float64Array(stage.servers);
    const waits = new Float64Array(count);
    const leaves = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      let first = 0;
      for (let s = 1; s < free.length; s++) if (free[s]! < free[first]!) first = s;
      const begins = Math.max(comes[i]!, free[first]!);
      waits[i] = begins - comes[i]!;
      leaves[i] = free[first] = begins + service();
    }
    comes = leaves.sort();
    return waits;
  });
}

const mean = (all: Float64Array) => all.reduce((a, b) => a + b, 0) / all.length;
const count = 200_000;

describe('one stage', () => {
  it.each([
    ['M/M/1', 1, 1, 1],
    ['M/D/1', 1, 0, 1],
    ['M/G/1', 1, 0.3, 1],
    ['M/G/1 of wide scatter', 1, 3, 1],
    ['M/M/3', 1, 1, 3],
    ['M/G/4', 1, 0.4, 4],
    ['D/G/1', 0, 0.5, 1],
    ['D/M/1', 0, 1, 1],
  ] as const)('%s waits as reckoned, at a half and at four fifths of what it can do', (_, coming, scatter, servers) => {
    for (const rho of [0.5, 0.8]) {
      const stage = { serviceMs: 10, scatter, servers };
      const arrivals = { ratePerS: (rho * servers * 1e3) / 10, scatter: coming };
      const [waits] = simulated([stage], arrivals, count, 7);
      const reckoned = meanWaitMs(stage, arrivals);
      // Exact of Poisson arrivals at one server; else within what the approximation is known for.
      // The wider service scatters, the longer a simulation takes to find its mean.
      const allowed = coming === 1 && servers === 1 ? (scatter > 1 ? 0.12 : 0.08) : 0.2;
      const beside = coming === 1 && servers === 1 ? 0.05 : 0.04 * stage.serviceMs;
      expect(Math.abs(reckoned - mean(waits!))).toBeLessThan(allowed * mean(waits!) + beside);
      const p95 = waits!.toSorted()[Math.floor(0.95 * count)]!;
      // The wider service scatters, the less exponential the time of those who wait.
      expect(Math.abs(waitP95Ms(stage, arrivals) - p95)).toBeLessThan(
        (scatter > 1 ? 0.5 : 0.35) * p95 + 0.2 * stage.serviceMs,
      );
    }
  });

  it('never catches up at what it can do and beyond, and does not wait when nothing comes', () => {
    const stage = { serviceMs: 10, scatter: 1, servers: 2 };
    expect(meanWaitMs(stage, { ratePerS: 200, scatter: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(meanWaitMs(stage, { ratePerS: 0, scatter: 1 })).toBe(0);
    expect(utilisation(stage, { ratePerS: 100, scatter: 1 })).toBe(0.5);
  });

  it('waits longer the more comes, the more it scatters and the fewer serve', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        fc.double({ min: 0, max: 4, noNaN: true }),
        fc.integer({ min: 1, max: 20 }),
        (rho, scatter, servers) => {
          const stage = { serviceMs: 5, scatter, servers };
          const at = (r: number, s: Stage) => meanWaitMs(s, { ratePerS: (r * servers * 1e3) / 5, scatter: 1 });
          expect(at(rho * 1.05, stage)).toBeGreaterThanOrEqual(at(rho, stage));
          expect(at(rho, { ...stage, scatter: scatter + 0.5 })).toBeGreaterThanOrEqual(at(rho, stage));
          expect(at(rho, { ...stage, servers: servers + 1 })).toBeLessThanOrEqual(at(rho, stage) + 1e-12);
        },
      ),
    );
  });
});

it('device, link and cloud one after the other wait as reckoned', () => {
  const stages: Stage[] = [
    { serviceMs: 8, scatter: 0.1, servers: 1 },
    { serviceMs: 5, scatter: 0, servers: 1 },
    { serviceMs: 14, scatter: 0.5, servers: 2 },
  ];
  for (const scatter of [0, 1]) {
    const arrivals = { ratePerS: 90, scatter };
    const waits = simulated(stages, arrivals, count, 3).map(mean);
    let coming: Arrivals = arrivals;
    let reckoned = 0;
    for (const stage of stages) {
      reckoned += meanWaitMs(stage, coming);
      coming = departures(stage, coming);
    }
    const total = waits.reduce((a, b) => a + b, 0);
    expect(Math.abs(reckoned - total)).toBeLessThan(0.25 * total);
  }
});

describe('a candidate at a rate', () => {
  it('keeps up below its capacity and is refused with one coded reason above it', () => {
    fc.assert(
      fc.property(problem, fc.double({ min: 0.1, max: 3, noNaN: true }), fc.nat(2), (input, part, which) => {
        const cut = input.model.cuts[which % input.model.cuts.length]!;
        const plain = price({ cut, defense: 'none', codec: 'float32' }, input.model, input.profiles);
        const { capacityPerS } = loaded(plain, cut, input.profiles, { ratePerS: 1e-6 }).queueing!;
        fc.pre(capacityPerS !== null && Math.abs(part - 1) > 0.02);
        const { queueing, latencyMs } = loaded(plain, cut, input.profiles, { ratePerS: part * capacityPerS! });
        expect(queueing!.keepsUp).toBe(part < 1);
        expect(queueing!.throughputPerS).toBeCloseTo(Math.min(1, part) * capacityPerS!, 6);
        expect(latencyMs.total).toBeGreaterThanOrEqual(plain.latencyMs.total);
        expect(Number.isFinite(latencyMs.total)).toBe(true);
      }),
    );
  });

  it('is refused by the search, which says at what rate something would keep up', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { maxLatencyMs: _l, maxBytes: _b, minAccuracy: _a, ...rest } = input.thresholds;
        const thresholds = { ...rest, maxSsim: 1, load: { ratePerS: 1e8 } };
        const all = input.model.cuts.flatMap((c) => ['none', 'weak', 'strong'].map((d) => truth(c.id, d, seed)));
        const found = { leakage: all.flatMap((a) => a.leakage), results: all.flatMap((a) => a.results) };
        const { chosen, candidates, relaxation, conflict } = search({ ...input, thresholds }, found);
        expect(chosen).toBeUndefined();
        for (const c of candidates) expect(c.reasons.filter((r) => r.startsWith('RATE_EXCEEDED: '))).toHaveLength(1);
        expect(conflict).toEqual(['rate']);
        const { needed } = relaxation!.changes.find((c) => c.option === 'rate')!;
        const slower = search({ ...input, thresholds: { ...thresholds, load: { ratePerS: needed } } }, found);
        expect(slower.chosen).toBeDefined();
      }),
      { numRuns: 40 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Numbers,
  numbersOf,
  plannerOf,
  type RecordedSearch,
  recordedSearch,
} from '../../src/planner/again/index.ts';
import { fromRuns, runsOf } from '../../src/planner/again/runs.ts';
import { besideOf } from '../../src/planner/beside/index.ts';
import { capAt } from '../../src/planner/code.ts';
import type { Findings } from '../../src/planner/leakage.ts';
import { search } from '../../src/planner/search.ts';
import type { Search } from '../../src/planner/weigh.ts';
import { showsOrder } from '../../src/privacy/mechanisms/index.ts';
import { problem, truth } from './arbitrary.ts';

const noise = ['none', 'gauss(sd=0.5)'];

/** With an order of cuts, and every second cut attacked. */
const searched = fc.tuple(problem, fc.integer({ min: 1, max: 1e6 })).map(([p, seed]) => {
  const ids = p.model.cuts.map((c) => c.id);
  const input: Search = {
    ...p,
    defenses: (cut) => (cut === 'input' ? ['none'] : noise),
    caps: capAt,
    shows: showsOrder((a, b) => ids.indexOf(a) <= ids.indexOf(b)),
  };
  const attacked = ids.filter((_, i) => i % 2 === 1).flatMap((cut) => noise.map((n) => truth(cut, n, seed)));
  const findings: Findings = {
    leakage: attacked.flatMap((t) => t.leakage),
    results: attacked.flatMap((t) => t.results),
  };
  return { input, findings };
});

const throughText = (recorded: RecordedSearch): RecordedSearch => JSON.parse(JSON.stringify(recorded));

describe('a search made again', () => {
  it('comes to the same candidates, choice and surroundings after it went through a file', () => {
    fc.assert(
      fc.property(searched, ({ input, findings }) => {
        const again = plannerOf(throughText(recordedSearch(input, findings)))(numbersOf(input));
        const { weights: _, ...own } = input.thresholds;
        const asked = { ...input, thresholds: own.objective === 'weights' ? input.thresholds : own };
        const result = search(asked, findings);
        expect(again.result).toEqual(result);
        expect(again.beside).toEqual(besideOf(asked, result, findings));
      }),
      { numRuns: 60 },
    );
  });

  it('takes other numbers where a command would read them', () => {
    const numbers = fc.record({
      maxSsim: fc.double({ min: 0, max: 1, noNaN: true }),
      mbps: fc.double({ min: 0.1, max: 1000, noNaN: true }),
      rttMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
      ratePerS: fc.option(fc.double({ min: 0.1, max: 100, noNaN: true }), { nil: undefined }),
      objective: fc.constantFrom('latency' as const, 'energy' as const, 'bytes' as const, 'cloud' as const),
    });
    fc.assert(
      fc.property(searched, numbers, ({ input, findings }, { mbps, ...n }) => {
        const asked: Numbers = { ...n, uplinkBps: mbps * 1e6, deviceSpeed: 1, weights: {} };
        const again = plannerOf(recordedSearch(input, findings))(asked);
        const line = input.profiles.link.link!;
        const { weights: _, ...rest } = input.thresholds;
        const fresh: Search = {
          ...input,
          thresholds: {
            ...rest,
            maxSsim: n.maxSsim,
            objective: n.objective,
            ...(n.ratePerS !== undefined && { load: { ratePerS: n.ratePerS } }),
          },
          profiles: {
            ...input.profiles,
            link: {
              ...input.profiles.link,
              link: {
                ...line,
                uplinkBps: { ...line.uplinkBps, value: mbps * 1e6 },
                rttMs: { ...line.rttMs, value: n.rttMs },
              },
            },
          },
        };
        expect(again.result).toEqual(search(fresh, findings));
      }),
      { numRuns: 60 },
    );
  });

  it('tells what is cheaper and was never attacked', () => {
    fc.assert(
      fc.property(searched, ({ input, findings }) => {
        const { result, unattacked } = plannerOf(recordedSearch(input, findings))(numbersOf(input));
        for (const c of unattacked) {
          expect(c.feasible).toBe(false);
          expect(c.leakage).toBeNull();
          if (result.chosen && input.thresholds.objective === 'latency')
            expect(c.latencyMs.total).toBeLessThan(result.chosen.latencyMs.total);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('runs', () => {
  it('give back the numbers, in their order', () => {
    expect(runsOf([3, 4, 5, 9, 1, 2])).toEqual([
      [3, 6],
      [9, 10],
      [1, 3],
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(30)), (list) => {
        expect(fromRuns(runsOf(list))).toEqual(list);
      }),
    );
  });
});

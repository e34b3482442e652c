/** What stands beside the choice: other ways, what costs alone would choose, a cut of one's own, the search in few rows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CutlineError } from '../../src/errors.ts';
import type { Thresholds } from '../../src/plan/index.ts';
import { breakEvens } from '../../src/planner/beside/break-even.ts';
import { besideOf } from '../../src/planner/beside/index.ts';
import { scaled } from '../../src/planner/beside/scaled.ts';
import { objectiveValue } from '../../src/planner/choose.ts';
import { refuseContradictions } from '../../src/planner/contradict.ts';
import { price } from '../../src/planner/price.ts';
import { search } from '../../src/planner/search.ts';
import type { Search } from '../../src/planner/weigh.ts';
import { htmlReport } from '../../src/report/index.ts';
import { example } from '../report/example.ts';
import { defenses, problem, truth } from './arbitrary.ts';

function audited(input: Search, seed: number) {
  const inner = input.model.cuts.filter((c) => c.id !== 'input' && c.id !== 'output');
  const all = inner.flatMap((c) => defenses.map((d) => truth(c.id, d, seed)));
  return { leakage: all.flatMap((a) => a.leakage), results: all.flatMap((a) => a.results), wholeAccuracy: 0.9 };
}

/** @param at leave out to plan any cut */
function planned(input: Search, seed: number) {
  const findings = audited(input, seed);
  const result = search(input, findings);
  return { result, findings, ...besideOf(input, result, findings) };
}

describe('costs alone', () => {
  it('choose the undefended candidate of least latency that keeps every cost, whatever it shows', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { costOnly, result } = planned(input, seed);
        const t = input.thresholds;
        const limit = input.profiles.link.link!.maxPacketBytes?.value ?? Infinity;
        const possible = result.candidates.filter(
          (c) =>
            c.defense === 'none' &&
            c.latencyMs.total <= (t.maxLatencyMs ?? Infinity) &&
            c.wireBytes <= Math.min(t.maxBytes ?? Infinity, limit) &&
            (t.minAccuracy === undefined || (c.accuracy ?? -1) >= t.minAccuracy),
        );
        expect(costOnly.candidate === null).toBe(possible.length === 0);
        if (!costOnly.candidate) return;
        const least = Math.min(...possible.map((c) => c.latencyMs.total));
        expect(costOnly.candidate.latencyMs.total).toBe(least);
        expect(costOnly.privacyCosts === null).toBe(result.chosen === undefined);
        if (!result.chosen) return;
        expect(costOnly.privacyCosts!.latencyMs).toBe(result.chosen.latencyMs.total - least);
        expect(costOnly.sentence).toMatch(/Privacy costs −?[\d.e-]+ ms and −?[\d.e-]+ mJ/);
      }),
    );
  });
});

describe('to split or not', () => {
  it('names the way of the choice as the winner, and for each that is allowed and loses a pace at which it would not', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { alternatives, result } = planned(input, seed);
        const { list, winner, sentence } = alternatives;
        expect(winner === null).toBe(result.chosen === undefined);
        expect(sentence).toMatch(/\.$/);
        if (!result.chosen) return;
        const value = objectiveValue(result.chosen, input.thresholds);
        const won = list.find((a) => a.kind === winner)!;
        expect(objectiveValue(won.candidate!, input.thresholds)).toBe(value);
        for (const { kind, candidate, change } of list) {
          if (kind === winner || !candidate) continue;
          expect(change).not.toBe('');
          if (candidate.feasible) expect(objectiveValue(candidate, input.thresholds)).toBeGreaterThanOrEqual(value);
        }
      }),
    );
  });

  it('finds the pace nearest to the present one at which the lead is gone', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), (factor) => {
        fc.pre(Math.abs(Math.log(factor)) > 0.01);
        const found = breakEvens(({ device }) => (factor > 1 ? 1 / device - 1 / factor : device - factor));
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ what: 'device' });
        expect(found[0]!.factor / factor).toBeCloseTo(1, 5);
      }),
    );
  });

  it('prices a device with twice its speed at half the head, and a link with half its bandwidth at twice the bytes', () => {
    fc.assert(
      fc.property(problem, (input) => {
        for (const cut of input.model.cuts) {
          const option = { cut, defense: 'none', codec: 'float32' as const };
          const at = (device: number, bandwidth: number) =>
            price(option, input.model, scaled(input.profiles, { device, bandwidth })).latencyMs;
          expect(at(2, 1).head).toBeCloseTo(at(1, 1).head / 2, 9);
          expect(at(2, 1).network).toBe(at(1, 1).network);
          const rtt = cut.id === 'output' ? 0 : input.profiles.link.link!.rttMs.value;
          expect(at(1, 0.5).network - rtt).toBeCloseTo(2 * (at(1, 1).network - rtt), 6);
        }
      }),
    );
  });
});

describe('the search in few rows', () => {
  it('counts every candidate once, shows the choice, and nothing that was not attacked', () => {
    fc.assert(
      fc.property(problem, fc.nat(), fc.boolean(), (input, seed, blind) => {
        const findings = blind ? { leakage: [], results: [] } : audited(input, seed);
        const result = search(input, findings);
        const { collapsed } = besideOf(input, result, findings);
        const shown = collapsed.rows.reduce((n, r) => n + 1 + r.ties, 0);
        const rest = collapsed.rest.reduce((n, r) => n + r.count, 0);
        expect(shown + rest).toBe(result.candidates.length);
        const rows = collapsed.rows.map((r) => r.candidate);
        if (result.chosen) expect(rows).toContain(result.chosen);
        for (const c of rows) if (c !== result.chosen) expect(c.leakage).not.toBeNull();
      }),
    );
  });

  it('is what the report shows, beside the three ways and what privacy costs', () => {
    const input = fc.sample(problem, { numRuns: 20, seed: 4 }).find((i) => planned(i, 1).result.chosen)!;
    const { alternatives, costOnly, collapsed } = planned(input, 1);
    const page = htmlReport({ ...example, plan: { ...example.plan, alternatives, costOnly, collapsed } });
    for (const text of ['To split or not', 'All on the device', 'What privacy costs', 'The candidates that count'])
      expect(page).toContain(text);
    expect(page).not.toMatch(/NaN|undefined/);
  });
});

describe('a cut of one’s own choice', () => {
  it('is planned and no other, with what is wrong with it', () => {
    fc.assert(
      fc.property(problem, fc.nat(), fc.nat(), (input, seed, which) => {
        const free = planned(input, seed).result;
        const at = input.model.cuts[which % input.model.cuts.length]!.id;
        const { result, asked } = planned({ ...input, thresholds: { ...input.thresholds, at } }, seed);
        const own = free.candidates.filter((c) => c.cut === at && c.feasible);
        expect(result.chosen === undefined).toBe(own.length === 0);
        expect(asked).toMatchObject({ cut: at });
        if (!result.chosen) {
          expect(asked!.wrong.length).toBeGreaterThan(0);
          return;
        }
        expect(result.chosen.cut).toBe(at);
        const dearer = objectiveValue(result.chosen, input.thresholds) > objectiveValue(free.chosen!, input.thresholds);
        if (dearer) expect(asked!.wrong.join()).toContain('costs more');
      }),
    );
  });
});

describe('requirements that exclude each other', () => {
  const base: Thresholds = { threat: 'white-box', maxSsim: 0.3, objective: 'latency' };
  it.each([
    ['a split at an end', { requireSplit: true, at: 'output' }],
    ['layers where the device runs nothing', { at: 'input', minDepth: 2 }],
    ['layers that mix where the device holds nothing', { requireMixing: true, maxDownloadBytes: 0 }],
    ['weights of nothing', { objective: 'weights', weights: { latency: 0 } }],
  ] as const)('are refused before anything is opened: %s', (_, over) => {
    expect(() => refuseContradictions({ ...base, ...over })).toThrow(CutlineError);
    expect(() => refuseContradictions({ ...base, ...over })).toThrow(/contradicts/);
  });

  it('are named for the candidates there are, each of them needed', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { result } = planned(input, seed);
        fc.pre(result.conflict.length > 0);
        const keys = {
          'max-ssim': 'maxSsim',
          'max-latency-ms': 'maxLatencyMs',
          'max-bytes': 'maxBytes',
          'min-accuracy': 'minAccuracy',
        } as const;
        /** Nothing is asked for but these. */
        const only = (flags: readonly string[]): Search => {
          const asked = Object.entries(keys).flatMap(([flag, key]) =>
            flags.includes(flag) ? [[key, input.thresholds[key]]] : [],
          );
          const { threat, objective, weights } = input.thresholds;
          const rest = { threat, objective, maxSsim: 1, ...(weights && { weights }) };
          return { ...input, thresholds: { ...rest, ...Object.fromEntries(asked) } };
        };
        const found = audited(input, seed);
        expect(search(only(result.conflict), found).chosen).toBeUndefined();
        for (const name of result.conflict) {
          const fewer = result.conflict.filter((n) => n !== name);
          expect(search(only(fewer), found).chosen).toBeDefined();
        }
      }),
      { numRuns: 200 },
    );
  });
});

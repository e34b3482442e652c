import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate } from '../../src/plan/index.ts';
import { axesOf, dominates, objectiveValue } from '../../src/planner/choose.ts';
import type { Findings } from '../../src/planner/leakage.ts';
import { search, searchLazily } from '../../src/planner/search.ts';
import type { Search } from '../../src/planner/weigh.ts';
import { defenses, link, machine, problem, truth } from './arbitrary.ts';

function fullAudit(input: Search, seed: number): Findings {
  const inner = input.model.cuts.filter((c) => c.id !== 'input' && c.id !== 'output');
  const all = inner.flatMap((c) => defenses.map((d) => truth(c.id, d, seed)));
  return { leakage: all.flatMap((a) => a.leakage), results: all.flatMap((a) => a.results), wholeAccuracy: 0.9 };
}

/** The requirements once more, written as plainly as possible. */
function allowed(c: Candidate, { thresholds: t, profiles }: Search): boolean {
  const limit = profiles.link.link!.maxPacketBytes?.value ?? Infinity;
  return (
    c.leakage !== null &&
    c.leakage.ssim.high <= t.maxSsim &&
    c.latencyMs.total <= (t.maxLatencyMs ?? Infinity) &&
    c.wireBytes <= (t.maxBytes ?? Infinity) &&
    c.wireBytes <= limit &&
    (t.minAccuracy === undefined || (c.accuracy !== null && c.accuracy >= t.minAccuracy))
  );
}

describe('the search', () => {
  it('chooses a candidate that meets everything and that no other such candidate beats', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { chosen, candidates } = search(input, fullAudit(input, seed));
        const possible = candidates.filter((c) => allowed(c, input));
        expect(candidates.map((c) => c.feasible)).toEqual(candidates.map((c) => allowed(c, input)));
        expect(chosen === undefined).toBe(possible.length === 0);
        if (!chosen) return;
        expect(allowed(chosen, input)).toBe(true);
        const best = Math.min(...possible.map((c) => objectiveValue(c, input.thresholds)));
        expect(objectiveValue(chosen, input.thresholds)).toBe(best);
      }),
    );
  });

  it('gives a reason for every refusal and none otherwise', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        for (const c of search(input, fullAudit(input, seed)).candidates) {
          expect(c.reasons.length === 0).toBe(c.feasible);
          for (const r of c.reasons) expect(r).toMatch(/^[A-Za-z].*\.$/);
        }
      }),
    );
  });

  it('finds the Pareto set', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const { candidates, pareto } = search(input, fullAudit(input, seed));
        const limit = input.profiles.link.link!.maxPacketBytes?.value ?? Infinity;
        const asksAccuracy = input.thresholds.minAccuracy !== undefined;
        const known = candidates.filter(
          (c) => c.leakage && c.wireBytes <= limit && !(asksAccuracy && c.accuracy === null),
        );
        const expected = known.filter((c) => !known.some((o) => dominates(axesOf(o), axesOf(c))));
        expect(pareto).toEqual(expected);
      }),
    );
  });

  it('walks lazily to the same choice, with no audit twice and none too many', async () => {
    await fc.assert(
      fc.asyncProperty(problem, fc.nat(), async (input, seed) => {
        const eager = search(input, fullAudit(input, seed));
        const asked: string[] = [];
        const attack = async (cut: string, defense: string) => {
          asked.push(`${cut} ${defense}`);
          return truth(cut, defense, seed);
        };
        const lazy = await searchLazily(input, attack, { known: { leakage: [], results: [], wholeAccuracy: 0.9 } });
        expect(lazy.chosen).toEqual(eager.chosen);
        expect(new Set(asked).size).toBe(asked.length);
        expect(lazy.audits.run).toBe(asked.length);
        const inner = input.model.cuts.length - 2;
        expect(lazy.audits.run + lazy.audits.saved).toBe(inner * defenses.length);
        if (!lazy.chosen) return;
        // Nothing dearer than the choice was attacked.
        const limit = objectiveValue(lazy.chosen, input.thresholds);
        for (const c of lazy.candidates) {
          if (asked.includes(`${c.cut} ${c.defense}`) && c.codec === 'uint8' && c.leakage) {
            const pair = lazy.candidates.filter((o) => o.cut === c.cut && o.defense === c.defense);
            expect(Math.min(...pair.map((o) => objectiveValue(o, input.thresholds)))).toBeLessThanOrEqual(limit);
          }
        }
      }),
    );
  });

  it('names the least relaxation, and with it something becomes feasible', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const findings = fullAudit(input, seed);
        const { chosen, relaxation } = search(input, findings);
        fc.pre(chosen === undefined && relaxation !== undefined && !relaxation.needsAudit);
        const t = { ...input.thresholds };
        for (const { option, needed } of relaxation!.changes) {
          if (option === 'max-ssim') t.maxSsim = needed;
          else if (option === 'max-latency-ms') t.maxLatencyMs = needed;
          else if (option === 'max-bytes') t.maxBytes = needed;
          else if (option === 'min-accuracy') t.minAccuracy = needed;
        }
        expect(search({ ...input, thresholds: t }, findings).chosen).toBeDefined();
      }),
    );
  });

  it('keeps everything on the device when nothing was audited', () => {
    fc.assert(
      fc.property(problem, (input) => {
        const strict = {
          ...input,
          thresholds: { threat: 'white-box', maxSsim: 0.3, objective: 'latency' } as const,
        };
        const { chosen, candidates } = search(strict, { leakage: [], results: [] });
        expect(chosen?.cut).toBe('output');
        for (const c of candidates) {
          if (c.cut.startsWith('cut')) expect(c.reasons.join()).toMatch(/Not audited/);
        }
      }),
    );
  });

  it('believes no leakage of a cut whose attack failed, and says which did', () => {
    fc.assert(
      fc.property(problem, fc.nat(), (input, seed) => {
        const findings = fullAudit(input, seed);
        const { threat } = input.thresholds;
        const failed = findings.leakage.map(({ cut, defense }) => ({
          ...{ cut, defense, threat, attack: 'rmle', message: 'It took no step.' },
        }));
        const { chosen, candidates } = search(input, { ...findings, failed });
        expect(['input', 'output', undefined]).toContain(chosen?.cut);
        for (const c of candidates.filter((c) => failed.some((f) => f.cut === c.cut && f.defense === c.defense))) {
          if (c.cut === 'input' || c.cut === 'output') continue;
          expect(c.leakage).toBeNull();
          expect(c.reasons).toContain('Not audited: rmle failed. It took no step.');
        }
      }),
    );
  });

  it('refuses by energy when no profile knows the power', () => {
    const input: Search = {
      model: fc.sample(problem, { numRuns: 1, seed: 1 })[0]!.model,
      profiles: { device: machine('device', 1, false), cloud: machine('cloud', 50), link: link(10, 5) },
      defenses: () => defenses,
      codecs: ['float32'],
      protocol: null,
      thresholds: { threat: 'white-box', maxSsim: 1, objective: 'energy' },
    };
    const { chosen, candidates } = search(input, fullAudit(input, 1));
    expect(chosen).toBeUndefined();
    for (const c of candidates) expect(c.reasons.join()).toMatch(/energy is unknown/);
  });
});

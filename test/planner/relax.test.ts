/** What has to give way when nothing is feasible: thresholds, or the rules of a protocol, by name and by how much. */
import { describe, expect, it } from 'vitest';
import { parseProtocol, type Thresholds } from '../../src/plan/index.ts';
import type { CutFacts } from '../../src/planner/facts.ts';
import { relaxationText } from '../../src/planner/relax.ts';
import { search } from '../../src/planner/search.ts';
import type { Search } from '../../src/planner/weigh.ts';
import { confirmedBy, leastProtocol, met } from '../support/evidence.ts';
import { link, machine } from './arbitrary.ts';

const cut = (id: string, elements: number): CutFacts => ({
  id,
  tensors: [{ name: id, dtype: 'float32', shape: [1, elements] }],
  activationBytes: 4 * elements,
  head: [],
  tail: [],
  layers: { depth: 1, mixes: false },
  headWeightBytes: 10,
});

const protocolOf = (rules: Partial<(typeof leastProtocol)['rules']>) =>
  parseProtocol({ ...leastProtocol, name: 'mine', rules: { ...leastProtocol.rules, ...rules } }, 'test');

const thresholds: Thresholds = { threat: 'white-box', maxSsim: 0.3, objective: 'bytes', requireSplit: true };
const inputFor = (rules: Parameters<typeof protocolOf>[0], maxPacketBytes?: number): Search => ({
  model: { sha256: 'a'.repeat(64), cuts: [cut('input', 784), cut('a', 50), cut('output', 10)], answerBytes: 40 },
  profiles: { device: machine('device', 1), cloud: machine('cloud', 10), link: link(10, 1) },
  defenses: () => ['none'],
  codecs: ['float32'],
  thresholds,
  protocol: protocolOf(rules),
  ...(maxPacketBytes !== undefined && { maxPacketBytes }),
});

interface Seen {
  readonly high?: number;
  readonly worstDecile?: number;
  readonly rank1?: number;
  readonly sameLabel?: number;
}

/** The search's figures, and those of the confirmation. */
function findings({ high = 0.2, worstDecile = 0.25, rank1 = 0.05, sameLabel = 0.1 }: Seen, confirmed: Seen = {}) {
  const of = (seen: Required<Seen>) => {
    const ssim = { mean: seen.high - 0.02, low: seen.high - 0.05, high: seen.high };
    const where = { cut: 'a', defense: 'none', codec: 'float32', threat: 'white-box', attack: 'rmle' } as const;
    const result = {
      ...where,
      ...met,
      ssim: { ...ssim, worstDecile: seen.worstDecile },
      reidentification: { rank1: seen.rank1 - 0.02, low: 0, high: seen.rank1, gallery: 100 },
      labelAgreement: { share: seen.sameLabel, low: 0, high: seen.sameLabel },
    };
    return { results: [result], leakage: [{ ...where, images: met.images, ssim }] };
  };
  const own = { high, worstDecile, rank1, sameLabel };
  const again = of({ ...own, ...confirmed });
  return { ...of(own), confirmation: confirmedBy(again.results, again.leakage) };
}

describe('when a rule of the protocol is all that is broken', () => {
  it.each([
    ['rank1', { rank1: 0.25 }, { rank1: 0.43 }, 0.25, 0.43],
    ['sameLabel', { sameLabel: 0.5 }, { sameLabel: 0.9 }, 0.5, 0.9],
  ] as const)(
    '%s is named with its protocol, by how much, and what can be done',
    (name, rules, seen, asked, needed) => {
      for (const found of [findings(seen), findings({}, seen)]) {
        const { chosen, relaxation, pareto, candidates } = search(inputFor(rules), found);
        expect(chosen).toBeUndefined();
        expect(relaxation).toMatchObject({ changes: [], rules: [{ name, protocol: 'mine', asked, needed }] });
        const text = relaxationText(relaxation);
        expect(text).toContain(`rule ${name} of protocol mine at ${needed} (it allows ${asked})`);
        expect(text).toMatch(/--defense.*--protocol FILE/);
        // It is on offer to whoever may change the protocol, and as refused.
        expect(pareto.map((c) => [c.cut, c.feasible])).toEqual([['a', false]]);
        expect(candidates.find((c) => c.cut === 'a')!.reasons.join()).toContain('protocol mine allows');
        // And so it is: a protocol that allows as much lets it through.
        expect(search(inputFor({ [name]: needed }), found).chosen?.cut).toBe('a');
      }
    },
  );

  it('an option that helps alone comes first', () => {
    const input = inputFor({ rank1: 0.25 });
    const cuts = [...input.model.cuts.slice(0, 2), cut('b', 60), cut('output', 10)];
    const found = findings({ rank1: 0.4 });
    const other = findings({ high: 0.35, worstDecile: 0.35 });
    const at = <T extends { cut: string }>(list: readonly T[]) => list.map((e) => ({ ...e, cut: 'b' }));
    const both = {
      results: [...found.results, ...at(other.results)],
      leakage: [...found.leakage, ...at(other.leakage)],
      confirmation: confirmedBy(
        [...found.confirmation.results, ...at(other.confirmation.results)],
        [...found.confirmation.leakage, ...at(other.confirmation.leakage)],
      ),
    };
    const { relaxation } = search({ ...input, model: { ...input.model, cuts } }, both);
    expect(relaxation).toMatchObject({ rules: [], changes: [{ option: 'max-ssim', needed: 0.35 }] });
    expect(relaxationText(relaxation)).not.toMatch(/rule/);
  });

  it('the worst tenth asks for as much of the threshold as it needs, whatever the mean needs', () => {
    const found = findings({ high: 0.35, worstDecile: 0.9 });
    const input = inputFor({ worstDecileAbove: 0.2 });
    const { relaxation } = search(input, found);
    expect(relaxation).toMatchObject({ changes: [{ option: 'max-ssim', needed: 0.7 }], rules: [] });
    expect(search({ ...input, thresholds: { ...thresholds, maxSsim: 0.7 } }, found).chosen?.cut).toBe('a');
  });

  it('both are told where both are broken', () => {
    const found = findings({ high: 0.5, rank1: 0.4, worstDecile: 0.5 });
    const text = relaxationText(search(inputFor({ rank1: 0.25 }), found).relaxation);
    expect(text).toMatch(/--max-ssim 0\.5 \(asked: 0\.3\) and rule rank1 of protocol mine at 0\.4/);
  });

  it('nothing is on offer where no rule and no option could give way', () => {
    const { relaxation, pareto, conflict } = search(inputFor({ rank1: 0.25 }, 10), findings({ rank1: 0.4 }));
    // A flag without an amount gives way last of all.
    expect(relaxation).toMatchObject({ changes: [], rules: [], drops: ['require-split'], needsAudit: false });
    expect(relaxationText(relaxation)).toMatch(/no --require-split, which allows everything on the device/);
    expect([conflict, pareto]).toEqual([['require-split'], []]);
  });
});

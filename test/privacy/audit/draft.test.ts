/** How an audit does less: what was asked for by name stays, and what is left out is said. */
import { afterAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/index.ts';
import { costInStrength, type Draft, drafts, settingsFor, worthwhile } from '../../../src/privacy/audit/draft.ts';
import { type AttackName, defaultAttacks, Subject } from '../../../src/privacy/audit/index.ts';
import { workOf } from '../../../src/privacy/audit/mounting.ts';
import { chain } from '../../support/networks.ts';
import { spots } from '../../support/pictures.ts';
import { unitPreprocessing } from '../attacks/scene.ts';

const engine = await createEngine({ threads: 1 });
afterAll(() => engine.close());
const preprocessing = unitPreprocessing(spots());
const subject = await Subject.open(engine, chain({ batch: 'n' }), preprocessing);
const cuts = subject.cuts.filter((c) => c.id !== 'input' && c.id !== 'output');
const settings = { seed: 1, rmle: { solver: 'lbfgs' } } as const;
const whole: Draft = { cuts, attacks: defaultAttacks('white-box'), images: 100, effort: 1, sparing: false };
const free = { cuts: false, attacks: false, images: false };

const facts = (cut: (typeof cuts)[number], victims = 100) => ({ cut, preprocessing, victims, pictures: 300 });
const reckoned = (d: Draft) => {
  const own = settingsFor(settings, d.effort, facts(cuts.at(-1)!));
  const each = (name: AttackName, cut: (typeof cuts)[number]) => workOf(name, facts(cut, d.images), own);
  return d.attacks.reduce((sum, name) => sum + d.cuts.reduce((s, cut) => s + each(name, cut).each, 0), 0);
};

describe('drafts of an audit', () => {
  it('go from all to ever less work', () => {
    const list = drafts(whole, free);
    expect(list[0]).toBe(whole);
    const works = list.map(reckoned);
    for (const [i, work] of works.entries()) if (i > 0) expect(work).toBeLessThanOrEqual(works[i - 1]!);
    expect(works.at(-1)).toBeLessThan(works[0]! / 50);
    expect(list.at(-1)!.attacks).toEqual(['rmle', 'answer']);
    expect(list.at(-1)!.cuts.length).toBeGreaterThan(0);
  });

  it('leave what was asked for as it is', () => {
    for (const d of drafts(whole, { cuts: true, attacks: true, images: true })) {
      expect([d.cuts, d.attacks, d.images]).toEqual([whole.cuts, whole.attacks, whole.images]);
    }
    const asked = { ...settings, rmle: { solver: 'lbfgs', iterations: 77 }, inverseNetwork: { epochs: 9 } } as const;
    const less = settingsFor(asked, 1 / 8, facts(cuts[0]!));
    expect([less.rmle.iterations, less.inverseNetwork!.epochs]).toEqual([77, 9]);
  });

  it('keep an attack of the attacker that was asked for, however weak he is', () => {
    for (const threat of ['black-box', 'query-free'] as const) {
      const own = { ...whole, attacks: defaultAttacks(threat) };
      const last = drafts(own, free).at(-1)!;
      expect(last.attacks).toEqual([threat === 'black-box' ? 'inverse-network' : 'shadow', 'answer']);
    }
  });

  it('keep the cuts that send less than all before them', () => {
    const kept = worthwhile(cuts);
    expect(kept[0]).toBe(cuts[0]);
    const bytes = kept.map((c) => c.activationBytes!);
    expect(bytes).toEqual([...new Set(bytes)].sort((a, b) => b - a));
    expect(Math.min(...bytes)).toBe(Math.min(...cuts.map((c) => c.activationBytes!)));
  });
});

it('what less work costs in strength is said', () => {
  const small: Draft = { cuts: cuts.slice(0, 2), attacks: ['rmle'], images: 20, effort: 1 / 4, sparing: true };
  const said = costInStrength(whole, small, settings, settingsFor(settings, 1 / 4, facts(cuts[0]!))).join(' ');
  expect(said).toMatch(new RegExp(`2 of ${cuts.length} cuts.*The other ${cuts.length - 2} stay unaudited`));
  expect(said).toMatch(/20 victims instead of 100/);
  expect(said).toMatch(/Without shadow, latent, hybrid, inverse-network/);
  expect(said).toMatch(/50 steps of rmle: 0\.25 of what is usual/);
  expect(costInStrength(whole, whole, settings, settings)).toEqual([]);
});

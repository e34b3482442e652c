/** What an audit tells so that a plan can be held against it. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Audit } from '../../../src/privacy/audit/index.ts';
import { audit, data, engine, graph } from './spots-audit.ts';

afterAll(() => engine.close());

describe('the evidence of an audit', () => {
  it('scores victims that are held back apart: nothing of the search hangs on them', async () => {
    const attacks = ['rmle', 'answer'] as const;
    const [search, whole, both] = [
      (await audit({ attacks, images: 4 })).audit,
      (await audit({ attacks, images: 7 })).audit,
      (await audit({ attacks, images: 4, heldBack: 3, confidence: 0.98 })).audit,
    ];
    const scores = (a: Pick<Audit, 'results'>, attack: string) =>
      a.results.find((r) => r.attack === attack)!.perImage.ssim.filter((v) => v !== null);
    for (const attack of attacks) {
      const all = scores(whole, attack);
      expect(scores(both, attack)).toEqual(all.slice(0, 4));
      expect(scores(both.confirmation!, attack)).toEqual(all.slice(4));
    }
    expect(both.data.victims).toEqual(search.data.victims);
    expect(both.confirmation).toMatchObject({ victims: { count: 3 }, confidence: 0.98 });
    expect(both.confirmation!.victims.sha256).not.toBe(both.data.victims.sha256);
    expect(both.confirmation!.leakage.map((l) => l.threat)).toEqual(both.leakage.map((l) => l.threat));
    expect(search.confirmation).toBeUndefined();
  });

  it('bisects: what shows an open cut is refused unattacked, with the figure and where it is from', async () => {
    const { audit: whole } = await audit({ cuts: undefined });
    const highest = Math.max(...whole.results.map((r) => r.ssim.high));
    const lowest = Math.min(...whole.results.map((r) => r.ssim.high));
    const maxSsim = (highest + lowest) / 2;
    const { audit: some } = await audit({ cuts: undefined, bisect: true, maxSsim });
    const attacked = new Set(some.results.map((r) => r.cut));
    expect(attacked.size).toBeLessThan(new Set(whole.results.map((r) => r.cut)).size);
    const told = some.leakage.filter((l) => !attacked.has(l.cut));
    for (const { ssim, inherited } of told) {
      expect(ssim.high).toBeGreaterThan(maxSsim);
      expect(attacked.has(inherited!.cut)).toBe(true);
    }
    // Every cut is attacked, refused by another, or spared.
    const spared = some.unaudited.map((u) => u.cut);
    for (const code of some.unaudited.map((u) => u.code)) expect(code).toBe('AUDIT_SPARED');
    const all = [...attacked, ...told.map((l) => l.cut), ...spared].sort();
    expect(all).toEqual(whole.leakage.map((l) => l.cut).sort());
  });

  it('says of attackers who do not know the defense that they do not', async () => {
    const unaware = (await audit({ defenses: ['gauss(sd=0.5)'], adaptive: false })).audit;
    expect(unaware.adaptive).toBe(false);
    expect((await audit()).audit).not.toHaveProperty('adaptive');
  });

  it('says what is left of the model: with labels, without them, and for any output, each with an interval', async () => {
    const { results } = (await audit({ defenses: ['none', 'gauss(sd=0.5)', 'gauss(sd=5x)'] })).audit;
    const [whole, some, none] = results.map((r) => r.utility);
    expect(whole!.agreement).toMatchObject({ share: 1, high: 1 });
    expect(whole!.cosine).toEqual({ mean: 1, low: 1, high: 1 });
    for (const { accuracy, agreement, cosine } of [some!, none!]) {
      for (const { low, share, high } of [accuracy!, agreement!])
        expect([low, share, high]).toEqual([low, share, high].sort());
      expect(cosine!.low).toBeLessThanOrEqual(cosine!.high);
    }
    expect(none!.cosine!.mean).toBeLessThan(some!.cosine!.mean);
    const unlabelled = { ...data, test: { ...data.test, labels: undefined } };
    const { utility } = (await audit({ defenses: ['gauss(sd=0.5)'] }, graph, unlabelled)).audit.results[0]!;
    expect(utility.accuracy).toBeNull();
    expect(utility.agreement!.share).toBeCloseTo(some!.agreement!.share, 1);
  });

  it('tells each attack by what it gets over the answer, victim by victim', async () => {
    const { results } = (await audit({ attacks: ['rmle', 'answer'] })).audit;
    const [rmle, answer] = results;
    const gain = rmle!.perImage.ssim.reduce<number>((sum, v, i) => sum + v! - answer!.perImage.ssim[i]!, 0) / 4;
    expect(rmle!.overAnswer!.mean).toBeCloseTo(gain, 4);
    expect(answer!.overAnswer).toEqual({ mean: 0, low: 0, high: 0 });
  });
});

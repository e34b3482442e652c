import { describe, expect, it } from 'vitest';
import type { CodecName } from '../../src/plan/index.ts';
import type { CutFacts } from '../../src/planner/facts.ts';
import { accuracyOf, chargedLeakage } from '../../src/planner/leakage.ts';

const cut = (id: string): CutFacts => ({
  id,
  tensors: [],
  activationBytes: 0,
  head: [],
  tail: [],
  layers: { depth: 0, mixes: false },
  headWeightBytes: 0,
});
const option = (id: string, codec: CodecName = 'float32', defense = 'none') => ({ cut: cut(id), defense, codec });
const ssim = (high: number) => ({ mean: high - 0.1, low: high - 0.2, high });
const entry = (over: object) => ({
  cut: 'mid',
  defense: 'none',
  codec: 'float32' as const,
  threat: 'white-box' as const,
  attack: 'rmle',
  ssim: ssim(0.4),
  images: 10,
  ...over,
});
const found = (...leakage: ReturnType<typeof entry>[]) => ({ leakage, results: leakage });

describe('leakage of a candidate', () => {
  it('is nothing when nothing is sent and everything when the picture is', () => {
    expect(chargedLeakage(option('output'), found(), 'white-box')!.ssim.high).toBe(0);
    expect(chargedLeakage(option('input'), found(), 'query-free')!.ssim.high).toBe(1);
  });

  it('is unknown for another cut, another defense, or only weaker threats', () => {
    const findings = found(entry({ threat: 'black-box' }));
    expect(chargedLeakage(option('other'), findings, 'black-box')).toBeUndefined();
    expect(chargedLeakage(option('mid', 'float32', 'noise'), findings, 'black-box')).toBeUndefined();
    expect(chargedLeakage(option('mid'), findings, 'white-box')).toBeUndefined();
  });

  it('is not lent by a stronger threat that was measured alone', () => {
    expect(chargedLeakage(option('mid'), found(entry({})), 'query-free')).toBeUndefined();
  });

  it('is that of the best attack, weaker threats included', () => {
    const findings = found(
      entry({}),
      entry({ threat: 'black-box', attack: 'inverse-network', ssim: ssim(0.7) }),
      entry({ attack: 'hybrid', ssim: ssim(0.5) }),
    );
    expect(chargedLeakage(option('mid'), findings, 'white-box')).toMatchObject({
      attack: 'inverse-network',
      ssim: { high: 0.7 },
    });
  });

  it('charges a codec that was not audited what float32 leaks, and says so', () => {
    expect(chargedLeakage(option('mid', 'uint8+deflate'), found(entry({})), 'white-box')).toMatchObject({
      boundBy: 'float32',
      ssim: { high: 0.4 },
    });
  });

  it('takes the audit of the codec itself before the bound, deflated or not', () => {
    const findings = found(entry({}), entry({ codec: 'uint8', ssim: ssim(0.2) }));
    const leak = chargedLeakage(option('mid', 'uint8+deflate'), findings, 'white-box')!;
    expect(leak.ssim.high).toBe(0.2);
    expect(leak.boundBy).toBeUndefined();
  });

  it('is never less than a guess that saw nothing: a failed attack proves no safety', () => {
    const failed = { ...entry({ ssim: ssim(0.05) }), baseline: { ssim: 0.12 } };
    expect(chargedLeakage(option('mid'), found(failed), 'white-box')).toMatchObject({
      attack: 'guess',
      ssim: { high: 0.12 },
    });
    const worked = { ...failed, ssim: ssim(0.4) };
    expect(chargedLeakage(option('mid'), found(worked), 'white-box')).toMatchObject({
      attack: 'rmle',
      ssim: { high: 0.4 },
    });
  });

  it('never lends the leakage of a lossy codec to float32', () => {
    expect(chargedLeakage(option('mid'), found(entry({ codec: 'uint8' })), 'white-box')).toBeUndefined();
  });
});

describe('accuracy of a candidate', () => {
  const results = [
    { ...entry({ accuracy: 0.9 }), images: 10 },
    { ...entry({ defense: 'noise', accuracy: 0.6 }), images: 10 },
  ];
  const findings = { leakage: [], results };

  it('is the same at every undefended exact cut', () => {
    for (const id of ['mid', 'other', 'output']) expect(accuracyOf(option(id), findings)).toBe(0.9);
    expect(accuracyOf(option('other', 'float32+deflate'), findings)).toBe(0.9);
  });

  it('under a defense holds for the cut it was measured at', () => {
    expect(accuracyOf(option('mid', 'float32', 'noise'), findings)).toBe(0.6);
    expect(accuracyOf(option('other', 'float32', 'noise'), findings)).toBeNull();
  });

  it('is unknown for a lossy codec that nobody measured', () => {
    expect(accuracyOf(option('mid', 'uint8'), findings)).toBeNull();
  });
});

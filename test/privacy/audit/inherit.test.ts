import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inherited } from '../../../src/privacy/audit/inherit.ts';
import type { LeakageResult } from '../../../src/privacy/audit/result.ts';
import { showsOrder } from '../../../src/privacy/mechanisms/index.ts';

/** Cuts of a chain are their depths. */
const follows = (from: string, to: string) => Number(from) <= Number(to);
const shows = showsOrder(follows);
const at = (cut: number, defense = 'none', codec = 'float32') => ({ cut: String(cut), defense, codec });

const entry = (
  cut: number,
  ssim: number,
  defense = 'none',
  codec: LeakageResult['codec'] = 'float32',
): LeakageResult => ({
  ...at(cut, defense),
  codec,
  threat: 'white-box',
  observations: 1,
  attack: `attack on ${cut}`,
  images: 10,
  ssim: { mean: ssim, low: ssim, high: ssim, worstDecile: ssim },
  psnr: { mean: 20, low: 20, high: 20 },
});

describe('the order of what is sent', () => {
  it.each([
    ['a deeper cut', at(1), at(2), true],
    ['a cut before', at(2), at(1), false],
    ['noise behind it', at(1), at(2, 'gauss(sd=1)'), true],
    ['what is behind noise, without it', at(1, 'gauss(sd=1)'), at(2), false],
    ['a coarser codec', at(1), at(1, 'none', 'uint8'), true],
    ['a finer codec', at(1, 'none', 'uint8'), at(1), false],
    ['stages that come after its own', at(1, 'clip(l2=1)'), at(1, 'clip(l2=1)+gauss(sd=1)'), true],
    ['stages that come before its own', at(1, 'gauss(sd=1)'), at(1, 'clip(l2=1)+gauss(sd=1)'), false],
    ['noise that came before the head', at(1), at(1, 'input.gauss(sd=1)'), false],
    [
      'more after the same noise before the head',
      at(1, 'input.gauss(sd=1)'),
      at(2, 'input.gauss(sd=1)+topk(share=0.5)'),
      true,
    ],
  ])('shows %s: from %j to %j %s', (_, from, what, is) => {
    expect(shows(from, what)).toBe(is);
  });

  it('makes leakage fall with depth on every chain, and says where each figure was measured', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 }), (scores) => {
        const told = inherited(
          scores.map((s, i) => entry(i, s)),
          shows,
        );
        for (const [i, e] of told.entries()) {
          expect(e.cut).toBe(String(i));
          expect(e.ssim.mean).toBe(Math.max(...scores.slice(i)));
          if (i > 0) expect(e.ssim.mean).toBeLessThanOrEqual(told[i - 1]!.ssim.mean);
          expect(e.inherited === undefined).toBe(e.ssim.mean === scores[i]);
          if (e.inherited) expect(scores[Number(e.inherited.cut)]).toBe(e.ssim.mean);
        }
      }),
    );
  });

  it('says nothing of cuts that do not follow from each other', () => {
    const apart = showsOrder((a, b) => a === b);
    expect(inherited([entry(1, 0.2), entry(2, 0.9)], apart).map((e) => e.ssim.mean)).toEqual([0.2, 0.9]);
  });
});

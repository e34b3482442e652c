import { describe, expect, it } from 'vitest';
import { codeShape } from '../../../src/training/harden/shape.ts';

const picture = { height: 32, width: 32, layout: 'NCHW' } as const;
const of = (activation: readonly number[], bits: readonly number[], levels: 2 | 4 | 8 | 16 = 4) =>
  codeShape('cut', activation, picture, bits, levels);

describe('the shape of a code', () => {
  it('lies over a map, coarser the fewer its bits', () => {
    expect(of([128, 8, 8], [256])).toMatchObject({ shape: [8, 4, 4], factor: 2, rates: [{ bits: 256, channels: 8 }] });
    expect(of([128, 8, 8], [64])).toMatchObject({ shape: [8, 2, 2], factor: 4 });
    expect(of([64, 16, 16], [8192])).toMatchObject({ shape: [64, 8, 8], factor: 2 });
    expect(of([64, 16, 16], [32_768])).toMatchObject({ shape: [64, 16, 16], factor: 1 });
  });

  it('has a prefix of channels for each rate, most bits first, each no more than was asked for', () => {
    const { rates, cells } = of([128, 8, 8], [100, 512, 256, 256]);
    expect(cells).toBe(16);
    expect(rates).toEqual([
      { bits: 512, channels: 16 },
      { bits: 256, channels: 8 },
      { bits: 96, channels: 3 },
    ]);
  });

  it('has a cell more where the activation does not divide', () => {
    expect(of([16, 7, 6], [160])).toMatchObject({ shape: [6, 4, 3], factor: 2 });
  });

  it('keeps lists without a place, and tokens in their order', () => {
    expect(of([512], [64])).toMatchObject({ shape: [32], reading: { kind: 'list' } });
    expect(of([17, 64], [64], 2)).toMatchObject({ reading: { kind: 'sequence', tokens: 17 } });
    expect(of([16, 64], [64])).toMatchObject({ reading: { kind: 'map', order: 'tokens' } });
  });

  it.each([
    [[128, 8, 8], [1], /takes 2/],
    [[8], [64], /8 values/],
  ])('of %j and %j bits is refused', (activation, bits, why) => {
    expect(() => of(activation, bits)).toThrow(expect.objectContaining({ code: 'CODE_RATE' }));
    expect(() => of(activation, bits)).toThrow(why);
  });
});

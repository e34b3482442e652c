import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/data/index.ts';
import { createRandom } from '../../src/random.ts';
import { flipAndShift } from '../../src/training/augment.ts';

const pixels = fc
  .record({
    count: fc.integer({ min: 1, max: 4 }),
    channels: fc.constantFrom(1 as const, 3 as const),
    height: fc.integer({ min: 1, max: 7 }),
    width: fc.integer({ min: 1, max: 7 }),
  })
  .chain((size) => {
    const length = size.count * size.channels * size.height * size.width;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data): Pixels => ({ ...size, data }));
  });

const plane = (p: Pixels, data: Uint8Array, n: number, c: number) => {
  const area = p.height * p.width;
  return data.subarray((n * p.channels + c) * area, (n * p.channels + c + 1) * area);
};

/** A picture moved by (dx, dy), edges repeated, and mirrored or not: the obvious way. */
function moved(p: Pixels, n: number, c: number, dx: number, dy: number, mirror: boolean): number[] {
  const source = plane(p, p.data, n, c);
  const clamp = (v: number, size: number) => Math.min(Math.max(v, 0), size - 1);
  return Array.from(source, (_, i) => {
    const [y, x] = [clamp(Math.floor(i / p.width) + dy, p.height), clamp((i % p.width) + dx, p.width)];
    return source[y * p.width + (mirror ? p.width - 1 - x : x)]!;
  });
}

describe('mirroring and shifting', () => {
  it('makes no new values and moves every channel of a picture alike, by no more than asked', () => {
    fc.assert(
      fc.property(pixels, fc.integer({ min: 0, max: 3 }), fc.integer(), (p, most, seed) => {
        const out = flipAndShift(p, createRandom(seed), most);
        const steps = Array.from({ length: 2 * most + 1 }, (_, i) => i - most);
        for (let n = 0; n < p.count; n++) {
          const fits = steps.some((dx) =>
            steps.some((dy) =>
              [false, true].some((mirror) =>
                Array.from({ length: p.channels }, (_, c) => c).every(
                  (c) => `${plane(p, out, n, c)}` === `${moved(p, n, c, dx, dy, mirror)}`,
                ),
              ),
            ),
          );
          expect(fits).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('mirrors about half of the pictures, and repeats itself for a seed', () => {
    const count = 400;
    const p: Pixels = {
      count,
      channels: 1,
      height: 1,
      width: 2,
      data: Uint8Array.from({ length: 2 * count }, (_, i) => i % 2),
    };
    const out = flipAndShift(p, createRandom(3), 0);
    const mirrored = Array.from({ length: count }, (_, n) => out[2 * n]!).reduce((a, b) => a + b, 0);
    expect(mirrored).toBeGreaterThan(150);
    expect(mirrored).toBeLessThan(250);
    expect(flipAndShift(p, createRandom(3), 0)).toEqual(out);
    expect(flipAndShift(p, createRandom(4), 0)).not.toEqual(out);
  });

  it('leaves the original alone', () => {
    const data = Uint8Array.from({ length: 12 }, (_, i) => i);
    flipAndShift({ count: 1, channels: 3, height: 2, width: 2, data }, createRandom(1), 2);
    expect([...data]).toEqual(Array.from({ length: 12 }, (_, i) => i));
  });
});

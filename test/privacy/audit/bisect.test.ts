import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bisected } from '../../../src/privacy/audit/bisect.ts';
import type { Target } from '../../../src/privacy/audit/targets.ts';
import { showsOrder } from '../../../src/privacy/mechanisms/index.ts';

/** Cuts of a chain are their depths. */
const shows = showsOrder((from, to) => Number(from) <= Number(to));
const chain = (count: number, defense = 'none', codec: Target['codec'] = 'float32'): Target[] =>
  Array.from({ length: count }, (_, i) => ({ cut: String(i), defense, codec }));

async function search(candidates: readonly Target[], openUntil: number, unknown: ReadonlySet<number> = new Set()) {
  const attacked: number[] = [];
  const left = await bisected(candidates, ['one', 'two'], shows, async ({ cut }, index) => {
    attacked.push(index);
    return unknown.has(index) ? undefined : Number(cut) < openUntil;
  });
  return { attacked, left };
}

describe('looking for where safety begins', () => {
  it('attacks as many cuts as their number has bits, and finds the first that is not open', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 300 }), fc.nat(), async (count, seed) => {
        const openUntil = seed % (count + 1);
        const { attacked, left } = await search(chain(count), openUntil);
        expect(attacked.length).toBeLessThanOrEqual(Math.floor(Math.log2(count)) + 1);
        // Both sides of the boundary were attacked, and every other cut is told.
        if (openUntil > 0) expect(attacked).toContain(openUntil - 1);
        if (openUntil < count) expect(attacked).toContain(openUntil);
        expect([...attacked, ...left.map((l) => l.index)].sort((a, b) => a - b)).toEqual(
          Array.from({ length: count }, (_, i) => i),
        );
        for (const { index, problem } of left) {
          expect(problem).toMatch(index < openUntil ? /follows from it, is open/ : /which is not open/);
        }
      }),
    );
  });

  it('concludes nothing from a cut of which nothing was found out', async () => {
    const { attacked, left } = await search(chain(9), 9, new Set([4]));
    expect(attacked).toContain(8);
    expect(left.every(({ problem }) => !problem.startsWith('4'))).toBe(true);
  });

  it('attacks every cut where each has noise of its own, or a codec that loses something', async () => {
    expect((await search(chain(7, 'gauss(sd=1)'), 3)).attacked).toHaveLength(7);
    expect((await search(chain(7, 'none', 'uint8'), 3)).attacked).toHaveLength(7);
    // Noise before the head is the same at every cut.
    expect((await search(chain(7, 'input.gauss(sd=1)'), 3)).attacked.length).toBeLessThan(4);
  });
});

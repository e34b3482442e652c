import { describe, expect, it } from 'vitest';
import { createRandom } from '../src/random.ts';
import { distanceFrom as distance, normalCdf, rareDistance } from './support/distance.ts';

const n = 20_000;
/** The seed is fixed, so what passes once passes always. */
const limit = rareDistance(n);

describe('seeded randomness', () => {
  it('repeats for the same seed and differs for the next one', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed).uniform);
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(draw(2 ** 40)).not.toEqual(draw(0));
  });

  it('stays what it is across versions: experiments must repeat', () => {
    const random = createRandom(1);
    expect([random.uniform(), random.normal(), random.int(100), ...random.permutation(5)]).toMatchInlineSnapshot(`
      [
        0.2235651001700042,
        0.16114148161874137,
        83,
        2,
        4,
        3,
        1,
        0,
      ]
    `);
  });

  it('is uniform', () => {
    const random = createRandom(3);
    expect(distance(Array.from({ length: n }, random.uniform), (x) => x)).toBeLessThan(limit);
    expect(distance(random.fillUniform(new Float32Array(n), -2, 6), (x) => (x + 2) / 8)).toBeLessThan(limit);
  });

  it('is normal', () => {
    const random = createRandom(4);
    expect(distance(Array.from({ length: n }, random.normal), normalCdf)).toBeLessThan(limit);
    expect(distance(random.fillNormal(new Float32Array(n), 3, 10), (x) => normalCdf((x - 10) / 3))).toBeLessThan(limit);
  });

  it('draws every integer below n about equally often, and only those', () => {
    const random = createRandom(5);
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.int(7)]!++;
    expect(counts).toHaveLength(7);
    // Standard deviation 93: five of them.
    for (const c of counts) expect(Math.abs(c - 10_000)).toBeLessThan(465);
    expect(() => random.int(0)).toThrow(RangeError);
    expect(() => random.int(1.5)).toThrow(RangeError);
  });

  it('shuffles into every order equally often', () => {
    const random = createRandom(6);
    const counts = new Map<string, number>();
    for (let i = 0; i < 12_000; i++) {
      const order = random.shuffle(['a', 'b', 'c']).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const c of counts.values()) expect(Math.abs(c - 2000)).toBeLessThan(205);
  });

  it('forks streams that do not depend on what was drawn before', () => {
    const fresh = createRandom(9);
    const used = createRandom(9);
    for (let i = 0; i < 100; i++) used.normal();
    expect(used.fork('victims').uniform()).toBe(fresh.fork('victims').uniform());
    expect(fresh.fork('a').uniform()).not.toBe(fresh.fork('b').uniform());
    expect(fresh.fork('a').fork('b').uniform()).not.toBe(fresh.fork('b').fork('a').uniform());
  });
});

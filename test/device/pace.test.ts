import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/device/pace.ts';

const pace = (over = {}) => new Pace({ firstMs: 1000, crowdedMs: 4000, most: 64, ...over });

describe('pace', () => {
  it('waits as long as was asked for at first, and doubles', () => {
    const p = pace();
    expect([0, 1, 2, 3].map((n) => p.timeoutMs(n))).toEqual([1000, 2000, 4000, 8000]);
    expect(p.timeoutMs(40)).toBe(60_000);
  });

  it('follows round trips that are longer', () => {
    const p = pace();
    for (let i = 0; i < 50; i++) p.answered(3000, i * 3000);
    expect(p.timeoutMs(0)).toBeGreaterThanOrEqual(3000);
    expect(p.timeoutMs(0)).toBeLessThan(3200);
    for (let i = 0; i < 50; i++) p.answered(5, 150_000 + i);
    expect(p.timeoutMs(0)).toBe(1000);
  });

  it('opens the window with answers in time, closes it once a round trip where they crowd', () => {
    const p = pace();
    expect(p.window).toBe(4);
    for (let i = 0; i < 100; i++) p.answered(1, i);
    expect(p.window).toBe(64);
    for (let i = 0; i < 10; i++) p.answered(9000, 100);
    expect(p.window).toBe(32);
    for (let i = 0; i < 20; i++) p.crowded(1e6 * (i + 1));
    expect(p.window).toBe(1);
    p.restart();
    expect(p.window).toBe(4);
    expect(pace({ most: 1 }).window).toBe(1);
  });
});

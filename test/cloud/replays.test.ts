import { expect, it } from 'vitest';
import { Replays } from '../../src/cloud/replays.ts';

it('a sequence is new once, in whatever order they come', () => {
  const seen = new Replays(1000);
  const once = new Set<number>();
  let state = 1;
  for (let i = 0; i < 20_000; i++) {
    state = (state * 48_271) % 2_147_483_647;
    // Mostly forward, sometimes back, sometimes again.
    const sequence = Math.max(0, Math.floor(i / 2) + (state % 64) - 32);
    expect(seen.isNew('cam', 'boot', sequence)).toBe(!once.has(sequence));
    once.add(sequence);
  }
});

it('what is far behind counts as seen, and a jump forgets nothing that matters', () => {
  const seen = new Replays(1000);
  expect(seen.isNew('cam', 'boot', 5)).toBe(true);
  expect(seen.isNew('cam', 'boot', 100_000)).toBe(true);
  expect(seen.isNew('cam', 'boot', 5)).toBe(false);
  expect(seen.isNew('cam', 'boot', 6)).toBe(false);
  expect(seen.isNew('cam', 'boot', 99_999)).toBe(true);
  expect(seen.isNew('cam', 'boot', 99_999)).toBe(false);
  expect(seen.isNew('cam', 'boot', Number.MAX_SAFE_INTEGER)).toBe(true);
});

it('each boot of each device has a window of its own', () => {
  const seen = new Replays(1000);
  for (const [device, boot] of [
    ['cam', 'a'],
    ['cam', 'b'],
    ['other', 'a'],
  ] as const) {
    expect(seen.isNew(device, boot, 0)).toBe(true);
    expect(seen.isNew(device, boot, 0)).toBe(false);
  }
});

it('what was refused for now may come once more', () => {
  const seen = new Replays(1000);
  expect([seen.isNew('cam', 'boot', 1), seen.isNew('cam', 'boot', 2)]).toEqual([true, true]);
  seen.forget('cam', 'boot', 1);
  seen.forget('other', 'boot', 2);
  expect([1, 1, 2].map((n) => seen.isNew('cam', 'boot', n))).toEqual([true, false, false]);
});

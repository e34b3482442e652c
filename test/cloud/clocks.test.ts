import { describe, expect, it } from 'vitest';
import { Clocks } from '../../src/cloud/clocks.ts';

const hour = 3_600_000;
/** A device whose clock is `off` ms ahead of ours; a message made at our time `madeMs` that lives 60 s. */
const stamp = (madeMs: number, off = 0, bootId = 'b') => ({
  deviceId: 'cam',
  bootId,
  createdMs: madeMs + off,
  expiresMs: madeMs + off + 60_000,
});

describe.each([0, hour, -hour, 20 * 365 * 24 * hour])('a device whose clock is off by %d ms', (off) => {
  it('is served while its messages are fresh', () => {
    const clocks = new Clocks(10_000);
    for (let t = 1e12; t < 1e12 + 2 * hour; t += 1000) expect(clocks.lateMs(stamp(t, off), t + 20, 2000)).toBe(0);
  });

  it('is refused what a broker kept for too long, once its clock is known', () => {
    const clocks = new Clocks(10_000);
    clocks.lateMs(stamp(1e12, off), 1e12 + 20, 2000);
    const late = clocks.lateMs(stamp(1e12 + 1000, off), 1e12 + 91_000, 2000);
    // A clock that is ahead makes its own messages look younger.
    if (off > 60_000) expect(late).toBe(0);
    else expect(late).toBeGreaterThan(20_000);
  });
});

it('a clock that is set, or slept, is followed at the next boot, when asked again, or after some minutes', () => {
  const clocks = new Clocks(10_000);
  clocks.lateMs(stamp(1e12), 1e12, 2000);
  const behind = (t: number, boot?: string) => clocks.lateMs(stamp(t, -hour, boot), t + 20, 2000);
  expect(behind(1e12 + 1000)).toBeGreaterThan(0);
  expect(behind(1e12 + 2000, 'next')).toBe(0);
  clocks.lateMs(stamp(1e12 + 3000), 1e12 + 3000, 2000);
  expect(behind(1e12 + 4000)).toBeGreaterThan(0);
  clocks.forget('cam');
  expect(behind(1e12 + 5000)).toBe(0);
  clocks.forget('cam');
  clocks.lateMs(stamp(1e12 + 6000), 1e12 + 6000, 2000);
  expect(behind(1e12 + 7000)).toBeGreaterThan(0);
  for (let t = 1e12 + 8000; t < 1e12 + 11 * 60_000; t += 1000) behind(t);
  expect(behind(1e12 + 11 * 60_000)).toBe(0);
});

it('no message lives longer than an hour, whatever it says', () => {
  const clocks = new Clocks(10_000);
  const eternal = { ...stamp(1e12), expiresMs: 1e15 };
  clocks.lateMs(eternal, 1e12, 2000);
  expect(clocks.lateMs(eternal, 1e12 + 2 * hour, 2000)).toBeGreaterThan(0);
});

it('strangers by the thousands are forgotten', () => {
  const clocks = new Clocks(10_000);
  for (let i = 0; i < 50_000; i++) clocks.lateMs({ ...stamp(1e12), deviceId: `d${i}` }, 1e12, 2000);
  // The first is new again, and so in time.
  expect(clocks.lateMs({ ...stamp(1e12), deviceId: 'd0' }, 1e12 + hour, 2000)).toBe(0);
});

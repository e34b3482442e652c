import { describe, expect, it } from 'vitest';
import { probeBytes } from '../../../src/device/routes/probe.ts';
import type { Terms } from '../../../src/device/routes/terms.ts';

const route = (wireBytes: number) => ({ planId: `${wireBytes}`, isLocal: wireBytes === 0, wireBytes }) as Terms;
const routes = [route(0), route(4000), route(40_000)];
const settings = { everyS: 2, maxBytes: 16_384 };
const speed = { rttMs: 2, msPerKb: 1, fromBytes: 40_000, atMs: 9000 };
const asked = { nowMs: 10_000, lastProbeMs: 0, routes };

describe('a probe', () => {
  it('is not sent while messages tell enough, and is while they are small or long ago', () => {
    expect(probeBytes({ ...asked, speed }, settings)).toBe(0);
    expect(probeBytes({ ...asked, speed: { ...speed, fromBytes: 400 } }, settings)).toBe(16_384);
    expect(probeBytes({ ...asked, speed: { ...speed, atMs: 7000 } }, settings)).toBe(16_384);
  });

  it('takes no more of the link than 50 ms, and no more bytes than allowed', () => {
    const small = { ...speed, fromBytes: 400 };
    expect(probeBytes({ ...asked, speed: { ...small, msPerKb: 10 } }, settings)).toBe(5000);
    expect(probeBytes({ ...asked, speed: { ...small, msPerKb: 1000 } }, settings)).toBe(1024);
    expect(probeBytes({ ...asked, speed: undefined }, settings)).toBe(1024);
    expect(probeBytes({ ...asked, speed: small }, { ...settings, maxBytes: 2000 })).toBe(2000);
  });

  it('is sent no oftener than asked, and never where nobody wants one or nothing is sent', () => {
    expect(probeBytes({ ...asked, lastProbeMs: 8500, speed: undefined }, settings)).toBe(0);
    expect(probeBytes({ ...asked, speed: undefined }, { ...settings, maxBytes: 0 })).toBe(0);
    expect(probeBytes({ ...asked, routes: [route(0)], speed: undefined }, settings)).toBe(0);
  });
});

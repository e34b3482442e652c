import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type Look, type Move, type Position, startOn } from '../../../src/device/routes/choose.ts';
import { moveSchema } from '../../../src/device/routes/settings.ts';
import type { Telemetry } from '../../../src/device/routes/telemetry.ts';
import type { Choice, Terms } from '../../../src/device/routes/terms.ts';
import { unseen } from './unseen.ts';

const terms = (planId: string, over: Partial<Terms> = {}): Terms => ({
  planId,
  isLocal: false,
  headMs: 1,
  encodeMs: 0,
  networkMs: 10,
  tailMs: 1,
  wireBytes: 40_000,
  energyMj: null,
  ...over,
});
const much = terms('much');
const little = terms('little', { headMs: 40, wireBytes: 4000 });
const here = terms('here', { isLocal: true, headMs: 120, networkMs: 0, tailMs: 0, wireBytes: 0 });
const choice: Choice = { routes: [much, little, here], asked: { objective: 'latency' }, emptyMs: 2 };
const settings = moveSchema.parse({});
const online: Telemetry = { ...unseen, isOnline: true, link: { rttMs: 2, msPerKb: 0.5 } };
const slow: Telemetry = { ...online, link: { rttMs: 2, msPerKb: 5 } };

/** Looks every 250 ms. */
function run(telemetry: readonly Telemetry[], events: Readonly<Record<number, Partial<Look>>> = {}, from?: Position) {
  let position = from ?? startOn('much', 0);
  const moves: Move[] = [];
  for (const [i, now] of telemetry.entries()) {
    const look: Look = { atMs: 250 * i, telemetry: now, failed: {}, answered: [], ...events[i] };
    const decided = decide(position, look, choice, settings);
    position = decided.position;
    if (decided.move) moves.push(decided.move);
  }
  return { moves, to: moves.map((m) => m.to), position };
}
const lasting = (telemetry: Telemetry, seconds: number) => Array<Telemetry>(4 * seconds).fill(telemetry);

describe('an agent with several routes', () => {
  it('leaves the one that sends much when bandwidth falls tenfold, and comes back with it, within five seconds', () => {
    const { moves } = run([...lasting(online, 5), ...lasting(slow, 10), ...lasting(online, 10)]);
    expect(moves.map((m) => m.to)).toEqual(['little', 'much']);
    expect(moves[0]!.atMs - 5000).toBeLessThan(5000);
    expect(moves[1]!.atMs - 15_000).toBeLessThan(5000);
    expect(moves[0]!.reason).toMatch(/predicted 6\d.* ms instead of 20\d ms, at 200 kB\/s/);
  });

  it('leaves a route whose head is long when the processor loses half its speed', () => {
    const from = startOn('little', 0);
    const medium = { ...online, link: { rttMs: 2, msPerKb: 1.2 } };
    expect(run([...lasting(medium, 5), ...lasting({ ...medium, slowdown: 2 }, 5)], {}, from).to).toEqual(['much']);
    expect(run(lasting(medium, 10), {}, from).to).toEqual([]);
  });

  it('answers by itself while there is no broker, and does not believe one that comes and goes', () => {
    const away = { ...online, isOnline: false };
    const { moves } = run([...lasting(online, 3), ...lasting(away, 3), ...lasting(online, 5)]);
    expect(moves.map((m) => m.to)).toEqual(['here', 'much']);
    expect(moves[0]!.reason).toBe('there is no broker');
    const flapping = Array.from({ length: 60 }, () => [online, away, away, away]).flat();
    expect(run([...lasting(online, 3), ...flapping]).to).toEqual(['here']);
  });

  it('stays where it is without a broker where its policy is to hold', () => {
    const away = { ...online, isOnline: false };
    const looks = [...lasting(online, 3), ...lasting(away, 5)];
    let position = startOn('much', 0);
    for (const [i, telemetry] of looks.entries()) {
      const look = { atMs: 250 * i, telemetry, failed: {}, answered: [] };
      position = decide(position, look, choice, { ...settings, whenOffline: 'hold' }).position;
    }
    expect(position.current).toBe('much');
  });

  it('leaves a route that fails at once, leaves it alone for longer each time, and forgets that when it is answered', () => {
    const failed = { failed: { much: 'it failed with ANSWER_FAILED' } };
    const { moves, position } = run(lasting(online, 60), { 20: failed, 60: failed });
    expect(moves[0]).toMatchObject({ atMs: 5000, to: 'little', reason: 'it failed with ANSWER_FAILED' });
    expect(moves[1]!.to).toBe('much');
    expect(moves[1]!.atMs).toBeGreaterThan(10_000);
    expect(moves[2]).toMatchObject({ atMs: 15_000, to: 'little' });
    expect(moves[3]!.atMs).toBeGreaterThan(25_000);
    expect(position.avoided).toMatchObject({ much: { failures: 2 } });
    expect(run(lasting(online, 60), { 20: failed, 200: { answered: ['much'] } }).position.avoided).toEqual({});
  });

  it('spares a device that is hot until it is cooler, and one whose battery is low', () => {
    const at = (temperatureC: number) => ({ ...slow, temperatureC });
    const start = startOn('little', 0);
    const { to, moves } = run([...lasting(at(85), 5), ...lasting(at(78), 5), ...lasting(at(70), 10)], {}, start);
    expect(to).toEqual(['much', 'little']);
    expect(moves[0]!.reason).toMatch(/^to spare the device, 85 °C: /);
    expect(moves[1]!.atMs).toBeGreaterThan(10_000);
    const low = { ...slow, battery: { share: 0.1, isDischarging: true } };
    expect(run(lasting(low, 5), {}, start).to).toEqual(['much']);
    expect(run(lasting({ ...low, battery: { share: 0.1, isDischarging: false } }, 5), {}, start).to).toEqual([]);
  });

  it('never goes to and fro on what stays the same', () => {
    const anyTelemetry = fc.record({
      rttMs: fc.double({ min: 0.1, max: 500, noNaN: true }),
      msPerKb: fc.double({ min: 0.001, max: 100, noNaN: true }),
      slowdown: fc.double({ min: 0.1, max: 20, noNaN: true }),
      waitingMs: fc.double({ min: 0, max: 1000, noNaN: true }),
    });
    fc.assert(
      fc.property(anyTelemetry, ({ rttMs, msPerKb, slowdown, waitingMs }) => {
        const { moves } = run(lasting({ ...online, link: { rttMs, msPerKb }, slowdown, waitingMs }, 60));
        expect(moves.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('never goes to and fro on noise that is less than what another route must be better by', () => {
    const noise = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 240, maxLength: 240 });
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 20, noNaN: true }), noise, noise, (msPerKb, a, b) => {
        // (1 − e) / (1 + e) > 1 − betterBy: each way is off by e at most.
        const e = 0.05;
        const looks = a.map((x, i) => {
          const link = { rttMs: 2 * (1 + e * b[i]!), msPerKb: msPerKb * (1 + e * x) };
          return { ...online, link, slowdown: 1 + e * b[i]! };
        });
        expect(run(looks).moves.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('moves ever less often on a network that changes all the time', () => {
    const looks = Array.from({ length: 60 }, () => [...lasting(slow, 3), ...lasting(online, 3)]).flat();
    const { moves } = run(looks);
    const inMinute = (k: number) => moves.filter((m) => Math.floor(m.atMs / 60_000) === k).length;
    expect([0, 1, 2, 3, 4, 5].map(inMinute).every((n) => n <= 8)).toBe(true);
  });
});

/** A fleet as it is heard: what counts, what is not believed, and that memory does not grow whoever publishes what. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { steadyNow } from '../../src/fleet/clock.ts';
import { Fleet } from '../../src/fleet/fleet.ts';
import { ago, isConsumerSilent, statusOf } from '../../src/fleet/status.ts';
import { planSaid } from '../../src/page/fleet/words.ts';
import { consumerHealth, health, json, planId, state, topic } from './said.ts';

let now: number;
let fleet: Fleet;
beforeEach(() => {
  now = 1e12;
  fleet = new Fleet({ fleet: 'yard', maxDevices: 5, maxConsumers: 2, now: () => now });
});
const says = (to: string, value: unknown, isRetained = false) =>
  fleet.receive(to, Buffer.isBuffer(value) ? value : json(value), isRetained);
const device = (name = 'cam-1') => fleet.since().devices.find((d) => d.name === name);
const status = (name = 'cam-1') => statusOf(device(name)!, now, fleet.since().watchedSince);

describe('a device', () => {
  it('is online while it is heard, silent when it is not, and offline when the broker says so', () => {
    says(topic.state('cam-1'), state('cam-1', 'online'));
    expect(status()).toBe('online');
    says(topic.health('cam-1'), health('cam-1'));
    now += 4000;
    expect(status()).toBe('online');
    now += 2000;
    expect(status()).toBe('silent');
    says(topic.health('cam-1'), health('cam-1', { everyS: 30 }));
    now += 89_000;
    expect(status()).toBe('online');
    says(topic.state('cam-1'), state('cam-1', 'offline'));
    expect([status(), device()?.heardAt]).toEqual(['offline', now - 89_000]);
  });

  it('of which only an old word is kept is unknown, and in time silent', () => {
    says(topic.state('cam-1'), state('cam-1', 'online'), true);
    expect([status(), device()?.stateAt, device()?.heardAt]).toEqual(['unknown', null, null]);
    now += 101_000;
    expect(status()).toBe('silent');
  });

  it('tells its plan by whichever word is newer, how often it began again, and what became of a plan that was pushed', () => {
    says(topic.state('cam-1'), state('cam-1', 'online'));
    now += 1000;
    says(topic.health('cam-1'), health('cam-1', { planId: 'other' }));
    expect(device()).toMatchObject({ planId: 'other', restarts: 0, update: null });
    now += 1000;
    const last = {
      planId,
      outcome: 'failed',
      code: 'PLAN_ALTERED',
      at: '2026-01-01T00:00:00.000Z',
      problem: '/home/x',
    };
    const update = { standing: 'fallback', trial: null, last };
    says(topic.state('cam-1'), state('cam-1', 'online', { bootId: 'c'.repeat(32), update }));
    expect(device()).toMatchObject({
      planId,
      restarts: 1,
      update: { standing: 'fallback', last: { outcome: 'failed' } },
    });
    expect(JSON.stringify(fleet.since())).not.toContain('/home/x');
    says(topic.state('cam-1'), state('cam-1', 'online', { update: 'of a later version' }));
    expect(device()).toMatchObject({ update: null });
  });

  it('that begins again says how it is at once', () => {
    says(topic.health('cam-1'), health('cam-1'));
    now += 1000;
    says(topic.state('cam-1'), state('cam-1', 'online'));
    says(topic.health('cam-1'), health('cam-1', { uptimeS: 0 }));
    expect([device()?.health?.uptimeS, fleet.since().refused.flood]).toEqual([0, 0]);
  });

  it('that runs no plan says so in place of the one before', () => {
    says(topic.health('cam-1'), health('cam-1'));
    now += 1000;
    const update = { standing: 'fallback', broken: 'PLAN_EXPIRED', trial: null, last: null };
    says(topic.state('cam-1'), state('cam-1', 'offline', { planId: '', update }));
    expect(fleet.since().refused.malformed).toBe(0);
    expect(device()).toMatchObject({ state: 'offline', planId: null, update: { standing: 'fallback' } });
    expect(planSaid(device()!, undefined)).toMatchObject({ more: 'no plan runs there', isBad: true });
  });

  it('with several routes tells the one that it takes now', () => {
    says(topic.health('cam-1'), health('cam-1', { route: 'a-route', moves: 3 }));
    expect(device()).toMatchObject({ planId: 'a-route', health: { planId, moves: 3 } });
  });

  it('goes when its retained state is taken away', () => {
    says(topic.state('cam-1'), state('cam-1', 'online'));
    const mark = fleet.mark;
    says(topic.state('cam-1'), Buffer.alloc(0));
    expect(fleet.since(mark)).toMatchObject({ isWhole: true, devices: [] });
  });
});

describe('a clock that is set', () => {
  it('makes no flood of what devices say, nor anybody silent', () => {
    fleet = new Fleet({ fleet: 'yard', maxDevices: 5, maxConsumers: 2, now: steadyNow });
    const told = () => statusOf(device()!, fleet.since().now, fleet.since().watchedSince);
    const real = Date.now;
    says(topic.state('cam-1'), state('cam-1', 'online'));
    try {
      for (const hours of [-1, 1]) {
        vi.spyOn(Date, 'now').mockImplementation(() => real() + hours * 3_600_000);
        says(topic.health(`after${hours}`), health(`after${hours}`));
        expect([told(), fleet.since().now]).toEqual(['online', expect.closeTo(real(), -4)]);
      }
      says(topic.health('cam-1'), health('cam-1'));
      expect(fleet.since()).toMatchObject({ refused: { flood: 0 } });
      expect(fleet.since().devices.map((d) => d.name)).toEqual(['cam-1', 'after-1', 'after1']);
    } finally {
      vi.restoreAllMocks();
    }
  });
});

describe('what has changed', () => {
  it('is told alone, and all of it to who knows nothing', () => {
    for (const name of ['a', 'b']) says(topic.health(name), health(name));
    const mark = fleet.mark;
    expect(fleet.since()).toMatchObject({ isWhole: true, devices: [{ name: 'a' }, { name: 'b' }] });
    expect(fleet.since(mark)).toMatchObject({ isWhole: false, devices: [] });
    now += 1000;
    says(topic.health('b'), health('b'));
    fleet.connected(true);
    expect(fleet.since(mark)).toMatchObject({ isWhole: false, brokerLostAt: null, devices: [{ name: 'b' }] });
  });
});

describe('what is not believed', () => {
  it.each<[string, 'malformed' | 'foreign' | 'oversized', string, unknown]>([
    ['no JSON', 'malformed', topic.health('cam-1'), Buffer.from('{')],
    ['bytes', 'malformed', topic.state('cam-1'), Buffer.from([0xff, 0, 1])],
    ['depth', 'malformed', topic.state('cam-1'), Buffer.from('['.repeat(8000))],
    ['no object', 'malformed', topic.health('cam-1'), null],
    ['another format', 'malformed', topic.health('cam-1'), { ...health('cam-1'), format: 'cutline.health/2' }],
    ['what a consumer says', 'malformed', topic.health('cam-1'), consumerHealth('cam-1')],
    ['numbers that are none', 'malformed', topic.health('cam-1'), { ...health('cam-1'), uptimeS: '12' }],
    ['negative counts', 'malformed', topic.health('cam-1'), health('cam-1', { waiting: -1 })],
    ['absurd amounts', 'malformed', topic.health('cam-1'), health('cam-1', { uptimeS: 1e300 })],
    ['codes that are markup', 'malformed', topic.health('cam-1'), health('cam-1', { refused: { '<b>': 1 } })],
    [
      'kinds without end',
      'malformed',
      topic.health('cam-1'),
      health('cam-1', { source: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`k${'a'.repeat(i)}`, 1])) }),
    ],
    ['a plan that is markup', 'malformed', topic.state('cam-1'), state('cam-1', 'online', { planId: '<img>' })],
    [
      'failures that are sentences',
      'malformed',
      topic.health('cam-1'),
      health('cam-1', { failures: [{ code: 'a secret', count: 1, at: '2026-01-01T00:00:00.000Z' }] }),
    ],
    [
      'no date',
      'malformed',
      topic.health('cam-1'),
      health('cam-1', { failures: [{ code: 'A', count: 1, at: 'soon' }] }),
    ],
    ['another device’s health', 'foreign', topic.health('cam-1'), health('cam-2')],
    ['another device’s state', 'foreign', topic.state('cam-1'), state('cam-2', 'offline')],
    ['another consumer’s health', 'foreign', topic.consumer('one'), consumerHealth('two')],
    ['more than anybody says', 'oversized', topic.health('cam-1'), { ...health('cam-1'), more: 'x'.repeat(9000) }],
  ])('%s is %s', (_, kind, to, value) => {
    says(to, value);
    const { devices, consumers, refused } = fleet.since();
    expect([devices, consumers]).toEqual([[], []]);
    expect(refused[kind]).toBe(1);
  });

  it.each([
    'cutline/v1/other/cam-1/state',
    'cutline/v1/yard/cam-1/state/x',
    'cutline/v1/yard//state',
    'cutline/v1/yard/<b>/state',
    'cutline/v1/yard/_consumers/state',
    'cutline/v1/yard/cam-1/result',
    'x',
    '',
  ])('nothing is taken from %s', (to) => {
    says(to, state('cam-1', 'online'));
    expect(fleet.since()).toMatchObject({ devices: [], consumers: [] });
  });

  it('names of what every object has are kinds like any other, or none', () => {
    const text = JSON.stringify(health('cam-1', { source: { constructor: 2 } })).replace('"forged"', '"__proto__"');
    says(topic.health('cam-1'), Buffer.from(text));
    const { source, refused } = device()!.health!;
    expect([source, Object.keys(refused), ({} as { unknown?: number }).unknown]).toEqual([
      { constructor: 2 },
      ['unknown'],
      undefined,
    ]);
  });

  it('health that was kept is of no known time, so it is none', () => {
    says(topic.health('cam-1'), health('cam-1'), true);
    says(topic.consumer('one'), consumerHealth('one'), true);
    expect(fleet.since()).toMatchObject({ devices: [], consumers: [] });
  });
});

describe('memory', () => {
  it('has room for so many devices, counts who is left out, and gives room up when somebody is gone for long', () => {
    for (let i = 0; i < 100_000; i++) says(topic.state(`d-${i}`), state(`d-${i}`, 'online'), i % 2 === 0);
    const { devices, leftOut } = fleet.since();
    expect(devices.map((d) => d.name)).toEqual(['d-0', 'd-1', 'd-2', 'd-3', 'd-4']);
    expect(leftOut).toEqual({ devices: 10_000, isMore: true, consumers: 0 });
    now += 9 * 60_000;
    for (const name of ['d-1', 'd-2', 'd-3', 'd-4']) says(topic.health(name), health(name));
    now += 61_000;
    for (const name of ['new', 'newer']) says(topic.health(name), health(name));
    expect(fleet.since().devices.map((d) => d.name)).toEqual(['d-1', 'd-2', 'd-3', 'd-4', 'new']);
  });

  it('is for the devices that were named, whoever else comes first', () => {
    const named = new Set(['cam-1']);
    fleet = new Fleet({ fleet: 'yard', devices: named, maxDevices: 5, maxConsumers: 2, now: () => now });
    for (const name of ['x', 'y', 'cam-1']) says(topic.state(name), state(name, 'online'));
    expect(fleet.since()).toMatchObject({ devices: [{ name: 'cam-1' }], leftOut: { devices: 2 } });
  });

  it('does not grow by a flood, which is not even parsed', () => {
    for (let i = 0; i < 1000; i++) {
      says(topic.health('cam-1'), health('cam-1'));
      says(topic.consumer('one'), consumerHealth('one'));
    }
    expect(fleet.since()).toMatchObject({ devices: [{}], consumers: [{}], refused: { flood: 1998 } });
  });
});

describe('consumers', () => {
  it('are silent when they are not heard, said to have left, and forgotten, since each start has a name of its own', () => {
    for (const name of ['one', 'two', 'three']) says(topic.consumer(name), consumerHealth(name));
    expect(fleet.since()).toMatchObject({ consumers: [{ name: 'one' }, { name: 'two' }], leftOut: { consumers: 1 } });
    now += 50;
    says(topic.consumer('one'), consumerHealth('one', { leaving: true }));
    expect(fleet.since().consumers[0]!.health.leaving).toBe(true);
    now += 31_000;
    expect(isConsumerSilent(fleet.since().consumers[0]!, now)).toBe(true);
    expect(fleet.since().consumers.map((c) => c.name)).toEqual(['two']);
    now += 31_000;
    expect(fleet.since().consumers).toEqual([]);
  });
});

describe('ages', () => {
  it.each([
    [-50, 'just now'],
    [12_400, '12 s ago'],
    [180_000, '3 min ago'],
    [2 * 3_600_000, '2 h ago'],
    [5 * 86_400_000, '5 d ago'],
  ])('of %d ms are said so: %s', (ms, said) => {
    expect(ago(ms)).toBe(said);
  });
});

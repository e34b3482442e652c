/** What a device tells of itself beside its counts: the last minute, the last failures, power and temperature. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LastFailures } from '../../src/device/last-failures.ts';
import { LastMinute } from '../../src/device/last-minute.ts';
import { readTemperatureC } from '../../src/device/temperature.ts';
import { openVitalSigns, type VitalSigns } from '../../src/device/vital-signs.ts';
import { orinNano, writeTree } from './power/recorded.ts';

let sys: string;
let signs: VitalSigns | undefined;
beforeEach(async () => {
  sys = await mkdtemp(join(tmpdir(), 'cutline-sys-'));
});
afterEach(async () => {
  signs?.close();
  await rm(sys, { recursive: true, force: true });
});

describe('the last minute', () => {
  it('has the answers of the last minute and no older ones, and nothing of nothing', () => {
    let now = 0;
    const minute = new LastMinute(() => now);
    expect(minute.spread()).toBeNull();
    for (; now < 100_000; now += 1000) minute.add(now / 1000);
    expect(minute.spread()).toEqual({ p50: 70, p95: 96.1, answers: 59 });
    now += 60_000;
    expect(minute.spread()).toBeNull();
  });

  it('has the latest of more than it keeps', () => {
    let now = 0;
    const minute = new LastMinute(() => now);
    for (let i = 0; i < 5000; i++) {
      now += 1;
      minute.add(i < 3500 ? 1000 : 2);
    }
    expect(minute.spread()).toEqual({ p50: 2, p95: 1000, answers: 2048 });
  });
});

describe('the last failures', () => {
  it('are one line a code, the latest first, and no more than asked for', () => {
    const failures = new LastFailures();
    for (let i = 0; i < 1000; i++) failures.add('NO_ANSWER', `t${i}`);
    for (const code of ['A', 'B', 'A']) failures.add(code, 'later');
    expect(failures.latest(2)).toEqual([
      { code: 'A', count: 2, at: 'later' },
      { code: 'B', count: 1, at: 'later' },
    ]);
    expect(failures.latest(9)[2]).toEqual({ code: 'NO_ANSWER', count: 1000, at: 't999' });
  });
});

describe('the temperature', () => {
  const zone = (n: number, type: string, temp: string) => ({
    [`class/thermal/thermal_zone${n}/type`]: type,
    [`class/thermal/thermal_zone${n}/temp`]: temp,
  });

  it.each<[string, Record<string, string>, number | null]>([
    ['a Raspberry Pi', zone(0, 'cpu-thermal', '48312'), 48.3],
    [
      'a Jetson: the hottest of its own, not the board',
      { ...zone(0, 'CPU-therm', '45000'), ...zone(1, 'SOC2-therm', '47500'), ...zone(2, 'Tboard_tegra', '61000') },
      47.5,
    ],
    ['a PC whose other zones say more', { ...zone(0, 'acpitz', '99000'), ...zone(1, 'x86_pkg_temp', '52000') }, 52],
    ['a zone that is called nothing we know', zone(0, 'acpitz', '27800'), 27.8],
    ['a sensor that is off', zone(0, 'cpu-thermal', '-274000'), null],
    ['a sensor that says nonsense', zone(0, 'cpu-thermal', 'none'), null],
    ['no zones', { 'class/thermal/cooling_device0/type': 'Processor' }, null],
  ])('of %s', async (_, tree, celsius) => {
    await writeTree(sys, tree);
    expect(await readTemperatureC(sys)).toBe(celsius);
  });
});

describe('power', () => {
  it('is told by the first meter that answers, and no more when it does not', async () => {
    await writeTree(sys, {
      ...orinNano,
      'class/thermal/thermal_zone0/type': 'cpu',
      'class/thermal/thermal_zone0/temp': '45000',
    });
    const log: string[] = [];
    signs = await openVitalSigns({ meter: 'auto', everyMs: 200, log: (line) => log.push(line), sys });
    expect(signs.latest).toEqual({ power: null, temperatureC: null });
    await expect
      .poll(() => signs!.latest, { timeout: 5000 })
      .toMatchObject({ power: { source: 'measured', meter: 'ina3221' }, temperatureC: 45 });
    expect(signs.latest.power!.watts).toBeCloseTo(4.877, 2);
    await rm(join(sys, 'class/hwmon'), { recursive: true });
    await expect.poll(() => signs!.latest.power, { timeout: 5000 }).toBeNull();
    expect(signs.latest.temperatureC).toBe(45);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(log.length).toBe(1);
    expect(log[0]).toMatch(/power is not told any more/);
  });

  it('is none where there is no meter, and a meter that is named has to be there', async () => {
    signs = await openVitalSigns({ meter: 'none', everyMs: 50, log: () => {}, sys });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(signs.latest).toEqual({ power: null, temperatureC: null });
    await expect(openVitalSigns({ meter: 'ina3221', everyMs: 50, log: () => {}, sys })).rejects.toMatchObject({
      code: 'POWER_METER_UNAVAILABLE',
    });
  });
});

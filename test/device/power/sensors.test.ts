/** Every meter of a sensor, on recorded trees of /sys and recorded answers: the contract is one, the sensors differ. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPowerMeter, type PowerMeter } from '../../../src/device/power/index.ts';
import { openPmic } from '../../../src/device/power/pmic.ts';
import { sampledMeter } from '../../../src/device/power/sampled.ts';
import { jetsonNano, laptop, orinNano, pmic, pmicW, type Tree, tx2, ups, writeTree, xavier } from './recorded.ts';

let sys: string;
beforeEach(async () => void (sys = await mkdtemp(join(tmpdir(), 'cutline-sys-'))));
afterEach(() => rm(sys, { recursive: true }));

async function wattsOf(meter: PowerMeter, ms = 30): Promise<number> {
  const reading = await meter.start();
  await sleep(ms);
  const { energyMj, durationMs } = await reading.stop();
  expect(durationMs).toBeGreaterThanOrEqual(ms - 2);
  return energyMj / durationMs;
}

const boards: readonly (readonly [board: string, meter: string, tree: Tree, watts: number, covers: RegExp])[] = [
  ['a Jetson Orin Nano', 'ina3221', orinNano, 5.08 * 0.96, /the board \(rail VDD_IN\)/],
  [
    'an AGX Xavier, which has no rail for its input',
    'ina3221',
    xavier,
    1.9 + 0.95 + 2,
    /GPU, CPU, SYS5V, not the whole/,
  ],
  ['a Jetson Nano', 'jetson', jetsonNano, 2.45, /the board \(rail POM_5V_IN\)/],
  ['a Jetson TX2', 'jetson', tx2, 3.12, /the board \(rail VDD_IN\)/],
  ['a laptop, and not of its mouse', 'battery', laptop, 7.34, /whole machine/],
  ['a UPS with a negative current', 'battery', ups, 0.9 * 3.8, /whole machine/],
];

describe('meters of sensors', () => {
  it.each(boards)('read the power of %s', async (_, name, tree, watts, covers) => {
    await writeTree(sys, tree);
    const meter = (await openPowerMeter(name, { sys }))!;
    expect(meter).toMatchObject({ name, source: 'measured', covers: expect.stringMatching(covers) });
    expect(meter.intervalMs).toBeGreaterThan(0);
    expect(await wattsOf(meter)).toBeCloseTo(watts, 6);
    expect((await openPowerMeter('auto', { sys }))!.name).toBe(name);
  });

  it.each(['ina3221', 'jetson', 'rapl', 'battery'])('say that %s is not there', async (name) => {
    await expect(openPowerMeter(name, { sys })).rejects.toMatchObject({ code: 'POWER_METER_UNAVAILABLE', exit: 2 });
  });

  it('say that a rail has vanished, or holds no number', async () => {
    await writeTree(sys, orinNano);
    const reading = await (await openPowerMeter('ina3221', { sys }))!.start();
    await rm(join(sys, 'class/hwmon/hwmon1'), { recursive: true });
    await expect(reading.stop()).rejects.toMatchObject({ code: 'POWER_METER_UNAVAILABLE' });
    await writeTree(sys, { ...jetsonNano, 'bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input': 'n/a' });
    await expect(openPowerMeter('jetson', { sys })).rejects.toMatchObject({ code: 'POWER_METER_UNAVAILABLE' });
  });

  it('refuse a battery that is being charged, and one that tells no power', async () => {
    await writeTree(sys, { ...laptop, 'class/power_supply/BAT0/status': 'Charging' });
    await expect(openPowerMeter('battery', { sys })).rejects.toThrow(/charging; unplug/);
    await rm(join(sys, 'class/power_supply'), { recursive: true });
    await writeTree(sys, { 'class/power_supply/B/type': 'Battery', 'class/power_supply/B/status': 'Discharging' });
    await expect(openPowerMeter('battery', { sys })).rejects.toThrow(/neither power nor current/);
  });

  it('pass over, in auto, what is there and cannot be read, and say so', async () => {
    await writeTree(sys, { ...laptop, 'class/power_supply/BAT0/status': 'Full' });
    const said: string[] = [];
    const machineModel = 'Raspberry Pi 4 Model B';
    const meter = await openPowerMeter('auto', { sys, machineModel, onSkipped: (line) => said.push(line) });
    expect(meter!.name).toBe('modelled');
    expect(said).toEqual([expect.stringMatching(/battery.*full/)]);
  });

  it('add up power that changes', async () => {
    const startMs = performance.now();
    // It grows with time, so that its mean is known however late a timer is.
    const readW = async () => (performance.now() - startMs) / 100;
    const reading = await (await sampledMeter({ name: 'x', covers: 'x', intervalMs: 5, readW })).start();
    const before = await readW();
    await sleep(100);
    const { energyMj, durationMs } = await reading.stop();
    const mean = (before + (await readW())) / 2;
    expect(energyMj / durationMs).toBeGreaterThan(0.85 * mean);
    expect(energyMj / durationMs).toBeLessThan(1.15 * mean);
  });
});

describe('the power management chip of a Raspberry Pi 5', () => {
  it('adds current times voltage of the rails that have both', async () => {
    expect(await wattsOf((await openPmic(async () => pmic))!)).toBeCloseTo(pmicW, 6);
  });

  it('is absent where the command is, and on boards before it; a missing right is said', async () => {
    const failing = (details: object) => () => Promise.reject(Object.assign(new Error('failed'), details));
    expect(await openPmic(failing({ code: 'ENOENT' }))).toBeUndefined();
    const older = failing({ code: 255, stderr: 'error=1 error_msg="Command not registered"' });
    expect(await openPmic(older)).toBeUndefined();
    expect(await openPmic(async () => '')).toBeUndefined();
    const closed = failing({ code: 255, stderr: "Can't open device file: /dev/vcio" });
    await expect(openPmic(closed)).rejects.toMatchObject({
      code: 'POWER_METER_UNAVAILABLE',
      message: expect.stringMatching(/group video/),
    });
  });
});

describe('a plug that measures', () => {
  /** Answers one document, whatever is asked. */
  async function answering<T>(body: string, status: number, use: (url: string) => Promise<T>): Promise<T> {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await use(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it.each([
    [
      'Shelly Plus',
      '{"id":0,"source":"init","output":true,"apower":4.2,"voltage":230.1,"aenergy":{"total":11.3}}',
      4.2,
    ],
    ['Shelly Plug S, its meter', '{"power":5.5,"overpower":0,"is_valid":true,"total":12}', 5.5],
    ['Shelly Plug S, its status', '{"relays":[{"ison":true}],"meters":[{"power":6.25,"is_valid":true}]}', 6.25],
    ['Tasmota', '{"StatusSNS":{"Time":"2024-01-01T00:00:00","ENERGY":{"Total":3.1,"Power":3,"Voltage":229}}}', 3],
  ])('understands %s', async (_, body, watts) => {
    await answering(body, 200, async (url) => {
      const meter = (await openPowerMeter(url))!;
      expect(meter).toMatchObject({ name: 'plug', source: 'measured' });
      expect(await wattsOf(meter)).toBeCloseTo(watts, 6);
    });
  });

  it.each([
    ['{"apower":"4"}', 200, /neither of a Shelly nor of Tasmota/],
    ['not JSON', 200, /neither of a Shelly nor of Tasmota/],
    ['{"apower":-5}', 200, /says -5 W/],
    ['{}', 401, /answers 401/],
  ])('refuses %s with %i', async (body, status, words) => {
    await answering(body, status, async (url) => {
      await expect(openPowerMeter(url)).rejects.toMatchObject({
        code: 'POWER_METER_UNAVAILABLE',
        message: expect.stringMatching(words),
      });
    });
  });

  it('says that nobody answers', async () => {
    await expect(openPowerMeter('http://127.0.0.1:1/')).rejects.toThrow(/does not answer/);
  });
});

import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPowerMeter } from '../../../src/device/power/index.ts';
import { boards, modelledMeter } from '../../../src/device/power/modelled.ts';
import { openRapl } from '../../../src/device/power/rapl.ts';

let sys: string;
let root: string;
beforeEach(async () => {
  sys = await mkdtemp(join(tmpdir(), 'cutline-sys-'));
  root = join(sys, 'class', 'powercap');
  await mkdir(root, { recursive: true });
});
afterEach(() => rm(sys, { recursive: true }));

async function zone(id: string, name: string, energyUj: number, rangeUj = 262_143_328_850): Promise<void> {
  await mkdir(join(root, id), { recursive: true });
  await writeFile(join(root, id, 'name'), `${name}\n`);
  await writeFile(join(root, id, 'max_energy_range_uj'), `${rangeUj}\n`);
  await writeFile(join(root, id, 'energy_uj'), `${energyUj}\n`);
}

/** In one step, as sysfs does: a reader never sees an empty file. */
async function set(id: string, uj: number): Promise<void> {
  await writeFile(join(root, id, 'next'), `${uj}\n`);
  await rename(join(root, id, 'next'), join(root, id, 'energy_uj'));
}

describe('RAPL', () => {
  // As recorded on a laptop: package with core, uncore and dram, the whole platform, and the mmio twin of the package.
  beforeEach(async () => {
    await zone('intel-rapl:0', 'package-0', 1_000_000);
    await zone('intel-rapl:0:0', 'core', 500_000);
    await zone('intel-rapl:0:1', 'uncore', 100_000);
    await zone('intel-rapl:0:2', 'dram', 200_000);
    await zone('intel-rapl:1', 'psys', 9_000_000);
    await zone('intel-rapl-mmio:0', 'package-0', 1_000_000);
    await mkdir(join(root, 'intel-rapl'));
  });

  it('adds packages and memory, and nothing twice', async () => {
    const reading = await (await openRapl({ root }))!.start();
    await set('intel-rapl:0', 4_000_000);
    await set('intel-rapl:0:0', 2_000_000);
    await set('intel-rapl:0:2', 1_200_000);
    await set('intel-rapl:1', 20_000_000);
    await set('intel-rapl-mmio:0', 4_000_000);
    expect((await reading.stop()).energyMj).toBeCloseTo(3000 + 1000, 6);
  });

  it('says what its zones cover, and that memory is not among them where it has no counter', async () => {
    expect((await openRapl({ root }))!.covers).toMatch(/packages and memory/);
    await rm(join(root, 'intel-rapl:0:2'), { recursive: true });
    expect((await openRapl({ root }))!.covers).toMatch(/memory has no counter/);
  });

  it('goes on counting when the counter starts again at zero', async () => {
    await zone('intel-rapl:0', 'package-0', 262_143_000_000);
    const reading = await (await openRapl({ root }))!.start();
    await set('intel-rapl:0', 671_150);
    expect((await reading.stop()).energyMj).toBeCloseTo((328_850 + 671_150) / 1000, 6);
  });

  it('sees every wrap of a long reading', async () => {
    await zone('intel-rapl:0', 'package-0', 900, 1000);
    const reading = await (await openRapl({ root, samplingMs: 5 }))!.start();
    for (const uj of [400, 900, 300]) {
      await set('intel-rapl:0', uj);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    // 900 → 400 wraps (500), → 900 (500), → 300 wraps (400).
    expect((await reading.stop()).energyMj).toBeCloseTo(1.4, 9);
  });

  it('says so when a counter vanishes', async () => {
    const reading = await (await openRapl({ root }))!.start();
    await rm(join(root, 'intel-rapl:0'), { recursive: true });
    await expect(reading.stop()).rejects.toMatchObject({ code: 'POWER_METER_UNAVAILABLE' });
  });

  it('is what auto takes', async () => {
    const meter = await openPowerMeter('auto', { sys, machineModel: 'Raspberry Pi 5 Model B Rev 1.0' });
    expect(meter).toMatchObject({ name: 'rapl', source: 'measured' });
  });
});

describe('the modelled meter', () => {
  it('follows the published curve between idle and full load', async () => {
    const pi5 = boards.find((b) => b.name === 'raspberry-pi-5')!;
    for (const [busyMs, watts] of [
      [0, 4.403],
      [50, 4.403 + 3.458 / 2],
      [100, 7.861],
    ] as const) {
      const times = [
        { busyMs: 1000, idleMs: 5000 },
        { busyMs: 1000 + busyMs, idleMs: 5000 + 100 - busyMs },
      ];
      const reading = await modelledMeter(pi5, () => times.shift()!).start();
      const { energyMj, durationMs } = await reading.stop();
      expect(energyMj / durationMs).toBeCloseTo(watts, 9);
    }
  });

  it('is what auto takes on a board without counters, and nothing on an unknown one', async () => {
    const options = { sys: join(root, 'none') };
    const pi = await openPowerMeter('auto', { ...options, machineModel: 'Raspberry Pi 4 Model B Rev 1.4' });
    expect(pi).toMatchObject({ name: 'modelled', source: 'modelled' });
    expect(await openPowerMeter('auto', { ...options, machineModel: 'Toaster' })).toBeUndefined();
  });
});

describe('choosing a meter', () => {
  it('lists the names when one is wrong', async () => {
    await expect(openPowerMeter('rapll')).rejects.toMatchObject({
      code: 'POWER_METER_UNKNOWN',
      exit: 2,
      message: expect.stringMatching(/auto, .*rapl, .*modelled, none, http/),
    });
  });

  it('refuses a meter that is asked for by name and is not there', async () => {
    await expect(openPowerMeter('rapl', { sys: join(root, 'none') })).rejects.toMatchObject({
      code: 'POWER_METER_UNAVAILABLE',
    });
    await expect(openPowerMeter('modelled', { machineModel: 'Toaster' })).rejects.toThrow(/Toaster/);
  });
});

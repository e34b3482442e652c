/**
 * The rails of Jetson Nano, TX2 and Xavier under L4T 32, whose driver ina3221x is no hwmon: `rail_name_N` and
 * `in_powerN_input` in mW (Jetson Linux Developer Guide, "Software-Based Power Consumption Modeling").
 */
import type { PowerMeter } from './meter.ts';
import { boardOf, type Rail } from './rails.ts';
import { sampledMeter } from './sampled.ts';
import { foldersIn, number, word } from './sysfs.ts';

/** Undefined where there is no such driver. @throws CutlineError POWER_METER_UNAVAILABLE */
export async function openJetson(root = '/sys/bus/i2c/drivers/ina3221x'): Promise<PowerMeter | undefined> {
  const rails: Rail[] = [];
  for (const chip of await foldersIn(root)) {
    for (const device of (await foldersIn(chip)).filter((f) => /\/iio:device\d+$/.test(f))) {
      for (const n of [0, 1, 2]) {
        const name = await word(device, `rail_name_${n}`);
        if (!name || name === 'NC') continue;
        rails.push({ name, readW: async () => (await number(device, `in_power${n}_input`)) / 1000 });
      }
    }
  }
  if (rails.length === 0) return undefined;
  return sampledMeter({ name: 'jetson', intervalMs: 100, ...boardOf(rails) });
}

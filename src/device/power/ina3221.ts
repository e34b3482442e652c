/**
 * INA3221 through Linux hwmon (kernel documentation: hwmon/ina3221): three rails a chip, `inN_label` names them, `inN_input`
 * is mV, `currN_input` mA. Jetson Orin and Xavier with L4T 35 on; rails that are switched off have `inN_enable` 0.
 */
import type { PowerMeter } from './meter.ts';
import { boardOf, type Rail } from './rails.ts';
import { sampledMeter } from './sampled.ts';
import { foldersIn, number, word } from './sysfs.ts';

/** Undefined where there is no such chip. @throws CutlineError POWER_METER_UNAVAILABLE */
export async function openIna3221(root = '/sys/class/hwmon'): Promise<PowerMeter | undefined> {
  const rails: Rail[] = [];
  for (const folder of await foldersIn(root)) {
    if ((await word(folder, 'name')) !== 'ina3221') continue;
    for (const n of [1, 2, 3]) {
      const name = await word(folder, `in${n}_label`);
      // Channels without a label are not wired; `NC` says so.
      if (!name || name === 'NC' || (await word(folder, `in${n}_enable`)) === '0') continue;
      rails.push({
        name,
        readW: async () => ((await number(folder, `in${n}_input`)) * (await number(folder, `curr${n}_input`))) / 1e6,
      });
    }
  }
  if (rails.length === 0) return undefined;
  return sampledMeter({ name: 'ina3221', intervalMs: 100, ...boardOf(rails) });
}

/** How the machine is: temperature (Linux' thermal zones) and battery (its power supply class); null where it does not tell. */
import { batteryFolder } from '../power/battery.ts';
import { foldersIn, number, word } from '../power/sysfs.ts';
import type { Telemetry } from './telemetry.ts';

type Machine = Pick<Telemetry, 'temperatureC' | 'battery'>;

/** Zones of the processor, by the names that kernels give them; of all where none is called so. */
const processor = /cpu|soc|pkg|x86|core/i;

export async function machineNow(
  roots = { thermal: '/sys/class/thermal', power: '/sys/class/power_supply' },
): Promise<Machine> {
  return { temperatureC: await hottest(roots.thermal), battery: await batteryOf(roots.power) };
}

async function hottest(root: string): Promise<number | null> {
  const zones: { readonly isProcessor: boolean; readonly celsius: number }[] = [];
  for (const zone of await foldersIn(root)) {
    const celsius = (await number(zone, 'temp').catch(() => Number.NaN)) / 1000;
    const type = await word(zone, 'type').catch(() => undefined);
    if (celsius > 0) zones.push({ isProcessor: processor.test(type ?? ''), celsius });
  }
  const own = zones.filter((zone) => zone.isProcessor);
  const counted = own.length > 0 ? own : zones;
  return counted.length === 0 ? null : Math.round(Math.max(...counted.map((zone) => zone.celsius)));
}

async function batteryOf(root: string): Promise<Machine['battery']> {
  const folder = await batteryFolder(root);
  if (folder === undefined) return null;
  const percent = await number(folder, 'capacity').catch(() => Number.NaN);
  if (Number.isNaN(percent)) return null;
  const status = await word(folder, 'status').catch(() => undefined);
  return { share: percent / 100, isDischarging: status === 'Discharging' };
}

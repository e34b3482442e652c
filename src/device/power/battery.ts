/**
 * The battery by Linux' power supply class (kernel documentation: ABI/testing/sysfs-class-power): `power_now` in µW, or
 * `current_now` in µA times `voltage_now` in µV. It tells what the machine takes only while nothing charges it.
 */
import { CutlineError } from '../../errors.ts';
import type { PowerMeter } from './meter.ts';
import { sampledMeter } from './sampled.ts';
import { foldersIn, number, word } from './sysfs.ts';

/** Of the machine itself; undefined where there is none. */
export async function batteryFolder(root = '/sys/class/power_supply'): Promise<string | undefined> {
  for (const candidate of await foldersIn(root)) {
    // Mice and pens have batteries as well.
    if ((await word(candidate, 'type')) === 'Battery' && (await word(candidate, 'scope')) !== 'Device')
      return candidate;
  }
  return undefined;
}

/** Undefined where there is none. @throws CutlineError POWER_METER_UNAVAILABLE for one that is being charged, or tells no power */
export async function openBattery(root?: string): Promise<PowerMeter | undefined> {
  const folder = await batteryFolder(root);
  if (folder === undefined) return undefined;
  const battery = folder;
  const refuse = (problem: string): never => {
    throw new CutlineError('POWER_METER_UNAVAILABLE', { name: 'battery', problem });
  };
  return sampledMeter({
    name: 'battery',
    covers: 'the whole machine, from its battery',
    intervalMs: 1000,
    async readW() {
      const status = await word(battery, 'status');
      if (status !== 'Discharging')
        refuse(`it is ${status?.toLowerCase() ?? 'in an unknown state'}; unplug the charger`);
      const microwatts = await number(battery, 'power_now');
      if (!Number.isNaN(microwatts)) return Math.abs(microwatts) / 1e6;
      // Some drivers write the current of a battery that empties as negative.
      const amperes = Math.abs(await number(battery, 'current_now')) / 1e6;
      const volts = (await number(battery, 'voltage_now')) / 1e6;
      if (Number.isNaN(amperes * volts)) refuse('it tells neither power nor current and voltage');
      return amperes * volts;
    },
  });
}

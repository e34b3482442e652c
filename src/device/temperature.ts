/** The processor's temperature by Linux' thermal zones (kernel documentation: driver-api/thermal/sysfs-api). */
import { join } from 'node:path';
import { foldersIn, number, word } from './power/sysfs.ts';

/** What boards and PCs call the zone of their processor. */
const PROCESSOR = /cpu|soc|x86_pkg|package|core/i;

/** °C of the hottest zone of the processor, or of any where none is called so; null where there is no sensor that answers. */
export async function readTemperatureC(sys = '/sys'): Promise<number | null> {
  const folders = (await foldersIn(join(sys, 'class/thermal'))).filter((f) => /thermal_zone\d+$/.test(f));
  const zones = await Promise.all(
    folders.map(async (folder) => ({
      type: (await word(folder, 'type').catch(() => undefined)) ?? '',
      celsius: (await number(folder, 'temp').catch(() => Number.NaN)) / 1000,
    })),
  );
  // A sensor that is off says 0 or less, or what no chip survives.
  const answering = zones.filter(({ celsius }) => celsius > 0 && celsius < 200);
  const own = answering.filter(({ type }) => PROCESSOR.test(type));
  const hottest = Math.max(...(own.length > 0 ? own : answering).map(({ celsius }) => celsius));
  return Number.isFinite(hottest) ? Math.round(hottest * 10) / 10 : null;
}

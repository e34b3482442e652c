/**
 * The power management chip of the Raspberry Pi 5: `vcgencmd pmic_read_adc` lists the current (`NAME_A`) and the voltage
 * (`NAME_V`) of each rail behind it. What the chip itself loses, USB and what hangs on the 5 V pins are before it.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { CutlineError } from '../../errors.ts';
import type { PowerMeter } from './meter.ts';
import { sampledMeter } from './sampled.ts';

const vcgencmd = async (): Promise<string> =>
  (await promisify(execFile)('vcgencmd', ['pmic_read_adc'], { timeout: 2000 })).stdout;

/**
 * Undefined where there is no such command, or a board without such a chip.
 * @throws CutlineError POWER_METER_UNAVAILABLE
 */
export async function openPmic(read: () => Promise<string> = vcgencmd): Promise<PowerMeter | undefined> {
  try {
    if (rowsOf(await read()).length === 0) return undefined;
  } catch (cause) {
    const { code, stderr } = cause as NodeJS.ErrnoException & { readonly stderr?: string };
    // Older boards answer: error=1 error_msg="Command not registered".
    if (code === 'ENOENT' || /not registered/.test(stderr ?? '')) return undefined;
    const problem = /vchi|vcio|permission/i.test(stderr ?? '')
      ? 'this user may not ask the firmware; it has to be in the group video'
      : 'vcgencmd failed';
    throw new CutlineError('POWER_METER_UNAVAILABLE', { name: 'pmic', problem }, { cause });
  }
  return sampledMeter({
    name: 'pmic',
    covers: 'the rails behind the power management chip: neither its own losses nor USB and the 5 V pins',
    intervalMs: 200,
    readW: async () => rowsOf(await read()).reduce((sum, { amperes, volts }) => sum + amperes * volts, 0),
  });
}

/** Rails of which both figures are told: `   VDD_CORE_A current(7)=2.304A`, `   VDD_CORE_V volt(15)=0.876V`. */
function rowsOf(text: string): { readonly amperes: number; readonly volts: number }[] {
  const figures = new Map(
    [...text.matchAll(/^\s*(\w+) (?:current|volt)\(\d+\)=([\d.]+)[AV]$/gm)].map((m) => [m[1]!, Number(m[2])]),
  );
  return [...figures].flatMap(([name, amperes]) => {
    const volts = name.endsWith('_A') ? figures.get(`${name.slice(0, -2)}_V`) : undefined;
    return volts === undefined ? [] : [{ amperes, volts }];
  });
}

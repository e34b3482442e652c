/** Power meters, chosen by name and opened only when asked for. */
import { CutlineError } from '../../errors.ts';
import type { PowerMeter } from './meter.ts';

export type { PowerMeter, PowerReading } from './meter.ts';

export const meterNames = ['auto', 'rapl', 'modelled', 'none'] as const;

export interface MeterOptions {
  /** What the machine calls itself, for `modelled`. */
  readonly machineModel?: string | undefined;
  /** A sentence about a meter that exists and cannot be read, when `auto` passes it over. */
  readonly onSkipped?: (sentence: string) => void;
  /** Where powercap lies; for tests. */
  readonly powercapRoot?: string;
}

/**
 * `auto` takes the first that answers: RAPL, then the published curve of the board, else none (undefined).
 * @throws CutlineError POWER_METER_UNKNOWN, POWER_METER_UNAVAILABLE for a meter asked for by name
 */
export async function openPowerMeter(name: string, options: MeterOptions = {}): Promise<PowerMeter | undefined> {
  const { onSkipped = () => {} } = options;
  switch (name) {
    case 'none':
      return undefined;
    case 'auto':
      try {
        return (await rapl(options)) ?? (await modelled(options));
      } catch (error) {
        if (!(error instanceof CutlineError)) throw error;
        onSkipped(error.message);
        return modelled(options);
      }
    case 'rapl':
      return (await rapl(options)) ?? unavailable(name, 'there are no powercap counters');
    case 'modelled':
      return (
        (await modelled(options)) ??
        unavailable(name, `no power curve was published for ${options.machineModel ?? 'this machine'}`)
      );
    default:
      throw new CutlineError('POWER_METER_UNKNOWN', { name, known: meterNames.join(', ') });
  }
}

async function rapl({ powercapRoot }: MeterOptions): Promise<PowerMeter | undefined> {
  const { openRapl } = await import('./rapl.ts');
  return openRapl(powercapRoot === undefined ? {} : { root: powercapRoot });
}

async function modelled({ machineModel = '' }: MeterOptions): Promise<PowerMeter | undefined> {
  const { boards, modelledMeter } = await import('./modelled.ts');
  const board = boards.find((b) => b.pattern.test(machineModel));
  return board && modelledMeter(board);
}

function unavailable(name: string, problem: string): never {
  throw new CutlineError('POWER_METER_UNAVAILABLE', { name, problem });
}

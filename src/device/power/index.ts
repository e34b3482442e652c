/** Power meters, chosen by name and opened only when asked for. */
import { CutlineError } from '../../errors.ts';
import type { PowerMeter } from './meter.ts';

export type { PowerMeter, PowerReading } from './meter.ts';

/** An address (`http://…`) is a plug that measures. */
export const meterNames = ['auto', 'ina3221', 'jetson', 'pmic', 'rapl', 'battery', 'modelled', 'none'] as const;

/** A plug's address without a password, which would stand in the configuration for all to see. */
export function isMeterName(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol)) return url.username === '' && url.password === '';
  return (meterNames as readonly string[]).includes(text);
}

export interface MeterOptions {
  /** What the machine calls itself, for `modelled`. */
  readonly machineModel?: string | undefined;
  /** A sentence about a meter that exists and cannot be read, when `auto` passes it over. */
  readonly onSkipped?: (sentence: string) => void;
  /** Where the sensors' files lie; for tests. Default `/sys`. */
  readonly sys?: string;
}

interface Kind {
  /** Undefined where the machine has none. @throws CutlineError POWER_METER_UNAVAILABLE for one that cannot be read */
  readonly open: (options: MeterOptions) => Promise<PowerMeter | undefined>;
  readonly absent: (options: MeterOptions) => string;
}

/** In the order in which `auto` asks: what covers the board before what covers the processor, sensors before models. */
const kinds: Readonly<Record<string, Kind>> = {
  ina3221: {
    open: async ({ sys = '/sys' }) => (await import('./ina3221.ts')).openIna3221(`${sys}/class/hwmon`),
    absent: () => 'no chip of that name is in /sys/class/hwmon',
  },
  jetson: {
    open: async ({ sys = '/sys' }) => (await import('./jetson.ts')).openJetson(`${sys}/bus/i2c/drivers/ina3221x`),
    absent: () => 'there are no rails in /sys/bus/i2c/drivers/ina3221x',
  },
  pmic: {
    open: async () => (await import('./pmic.ts')).openPmic(),
    absent: () => 'vcgencmd pmic_read_adc tells no rails; only a Raspberry Pi 5 has them',
  },
  rapl: {
    open: async ({ sys = '/sys' }) => (await import('./rapl.ts')).openRapl({ root: `${sys}/class/powercap` }),
    absent: () => 'there are no powercap counters',
  },
  battery: {
    open: async ({ sys = '/sys' }) => (await import('./battery.ts')).openBattery(`${sys}/class/power_supply`),
    absent: () => 'there is no battery in /sys/class/power_supply',
  },
  modelled: {
    open: async ({ machineModel = '' }) => {
      const { boards, modelledMeter } = await import('./modelled.ts');
      const board = boards.find((b) => b.pattern.test(machineModel));
      return board && modelledMeter(board);
    },
    absent: ({ machineModel }) => `no power curve was published for ${machineModel ?? 'this machine'}`,
  },
};

/**
 * `auto` takes the first that answers, or none (undefined).
 * @throws CutlineError POWER_METER_UNKNOWN, POWER_METER_UNAVAILABLE for a meter asked for by name
 */
export async function openPowerMeter(name: string, options: MeterOptions = {}): Promise<PowerMeter | undefined> {
  if (name === 'none') return undefined;
  if (name === 'auto') return firstThatAnswers(options);
  if (/^https?:\/\//.test(name)) return (await import('./plug.ts')).openPlug(name);
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) throw new CutlineError('POWER_METER_UNKNOWN', { name, known: `${meterNames.join(', ')}, http://…` });
  const meter = await kind.open(options);
  if (!meter) throw new CutlineError('POWER_METER_UNAVAILABLE', { name, problem: kind.absent(options) });
  return meter;
}

async function firstThatAnswers(options: MeterOptions): Promise<PowerMeter | undefined> {
  for (const { open } of Object.values(kinds)) {
    try {
      const meter = await open(options);
      if (meter) return meter;
    } catch (error) {
      if (!(error instanceof CutlineError)) throw error;
      options.onSkipped?.(error.message);
    }
  }
  return undefined;
}
